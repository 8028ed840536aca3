// Asks a compiled model about a picture and prints the answer as it is generated:
//
//     swift run -c release AskPicture mini.plan photo.jpg "detect circle"

import Foundation
import PaliGraph

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  print("usage: AskPicture PLAN PICTURE PROMPT")
  exit(2)
}

do {
  let session = try Session(plan: arguments[1])
  let picture = try RGBImage.decode(path: arguments[2])

  // The answer piece by piece …
  let request = GenerationRequest(picture: picture, prompt: arguments[3])
  for try await piece in session.generate(request) { print(piece, terminator: "") }
  print()

  // … or whole, with tokens, times and boxes.
  let answer = try session.answer(request)
  for detection in answer.detections {
    let box = detection.box.scaled(width: picture.width, height: picture.height)
    print("\(detection.label): \(box.x1), \(box.y1) to \(box.x2), \(box.y2)")
  }
} catch {
  print(error)
  exit(1)
}
