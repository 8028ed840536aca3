// Answers a prompt about a picture with the run side alone: no compiler, no libonnx, no protobuf.
//
//     swift run -c release RunPlan mini.plan photo.jpg "detect circle"

import Foundation
import PaliGraphRuntime

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  print("usage: RunPlan PLAN PICTURE PROMPT")
  exit(2)
}

do {
  let session = try Session(plan: arguments[1])
  let picture = try RGBImage.decode(path: arguments[2])
  let request = GenerationRequest(picture: picture, prompt: arguments[3])
  print(try session.answer(request).text)
} catch {
  print(error)
  exit(1)
}
