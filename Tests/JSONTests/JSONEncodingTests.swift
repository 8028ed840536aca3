import JSON
import Testing

@Suite struct JSONEncodingTests {
  @Test(
    arguments: [
      (nil, "null"),
      (.number(0.1), "0.1"),
      (.number(1e300), "1e+300"),
      (.number(2), "2.0"),
      (.number(-0.0), "-0.0"),
      (.number(.infinity), "null"),
      (.unsigned(UInt64.max), "18446744073709551615"),
      ("a\"\\\n\r\t\u{1}\u{1B}\u{7F}\u{2028}é😀", #""a\"\\\n\r\t\u0001\u001b\u007f\u2028é😀""#),
      ([], "[]"),
      ([:], "{}"),
      (["b": [1, true, nil], "a": ["x": "y"]], #"{"b":[1,true,null],"a":{"x":"y"}}"#),
    ] as [(JSON, String)])
  func `writes one fixed text`(value: JSON, text: String) throws {
    #expect(value.encoded() == text)
  }

  @Test func `pretty text has one item per line`() {
    let value: JSON = ["a": [1, 2], "b": [:], "c": []]
    #expect(
      value.encoded(pretty: true) == """
        {
          "a": [
            1,
            2
          ],
          "b": {},
          "c": []
        }
        """)
  }

  @Test(
    arguments: [
      [
        "k\u{0}": [
          .number(.pi), .number(.leastNonzeroMagnitude), .number(.greatestFiniteMagnitude), -7,
        ]
      ],
      ["e\u{301}": 1, "\u{E9}": 2], .unsigned(1 << 63), .number(1e16), .number(123_456_789_012.5),
    ] as [JSON])
  func `what is written reads back`(value: JSON) throws {
    let limits = JSON.Limits(bytes: 1000)
    #expect(try JSON.parse(value.encoded(), limits: limits) == value)
    #expect(try JSON.parse(value.encoded(pretty: true), limits: limits) == value)
  }
}
