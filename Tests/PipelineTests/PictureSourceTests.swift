import Testing

@testable import Pipeline

@Suite struct PictureSourceTests {
  @Test func `a name is a path, standard input or data`() throws {
    #expect(try PictureSource("a.png") == .file(path: "a.png"))
    #expect(try PictureSource("C:/a.png") == .file(path: "C:/a.png"))
    #expect(try PictureSource("./data:x,y") == .file(path: "./data:x,y"))
    #expect(try PictureSource("-") == .standardInput)
    #expect(try PictureSource("./-") == .file(path: "./-"))
    // A scheme begins with a letter.
    #expect(try PictureSource("1x://a.png") == .file(path: "1x://a.png"))
  }

  @Test(arguments: [
    ("data:;base64,", ""), ("data:image/png;base64,TWFu", "Man"), ("data:;base64,TWE=", "Ma"),
    ("data:;base64,TWE", "Ma"), ("data:;base64,TQ==", "M"), ("data:;base64,T%51%3D=", "M"),
    ("DATA:image/png;charset=x; BASE64,T W\nFu", "Man"), ("data:;base64,Pz8_Pj4-", "???>>>"),
    ("data:,a%20b%2C", "a b,"), ("data:text/plain,%4d", "M"), ("data:base64x,TWFu", "TWFu"),
  ])
  func `data are decoded`(url: String, text: String) throws {
    #expect(try PictureSource(url) == .data(Array(text.utf8)))
  }

  @Test(arguments: [
    "data:", "data:image/png;base64", "data:;base64,T", "data:;base64,TWF*", "data:;base64,T=Fu",
    "data:;base64,TWE==", "data:,%4", "data:,%zz", "data:,%+1",
  ])
  func `damaged data are refused`(url: String) {
    #expect(throws: ImageError(.damagedDataURL)) { try PictureSource(url) }
  }

  @Test(arguments: [
    "http://example.com/a.png", "https://x/y", "HTTPS://X", "ftp://h/p", "file:///a.png",
    "file:/a.png", "s3://b/k", "hf+x.y-1://z",
  ])
  func `no URL is fetched`(url: String) {
    #expect(throws: ImageError(.url, file: url)) { try PictureSource(url) }
  }

  @Test func `a picture in a URL is decoded`() throws {
    let file = try ImageFixtures.bytes("decode/rgb8.png")
    let escaped = file.map { byte in
      let digits = String(byte, radix: 16)
      return "%\(digits.utf8.count < 2 ? "0" : "")\(digits)"
    }
    let picture = try PictureSource("data:image/png,\(escaped.joined())").decode()
    #expect(try picture == RGBImage.decode(file))
  }
}
