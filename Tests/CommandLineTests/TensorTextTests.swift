import Foundation
import Testing

/// Results for people to read.
@Suite struct TensorTextTests {
  @Test func `results are printed where they go nowhere else`() throws {
    let scratch = try Scratch()
    let model = try scratch.write(
      """
      module @m {
        func @main(%x: f32[2x2x2]) -> (twice: f32[2x2x2], "no rows": f32[2x0], places: i64[20], f32[]) {
          %y      = add(%x, %x)                            : f32[2x2x2]
          %flat   = reshape(%x) {shape = [2, 4]}           : f32[2x4]
          %none   = slice(%flat) {axis = 1, start = 1, end = 1} : f32[2x0]
          %places = iota() {count = 20}                    : i64[20]
          %half   = constant() {value = 0.5}               : f32[]
          return %y, %none, %places, %half
        }
      }
      """, to: "m.pg")
    let values: [Float] = [1, 2, 3, -4, 5, 6.25, .nan, -1e9]
    try GraphTests.npy(values, shape: "(2, 2, 2)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
    let run = try CommandLineProcess.run(
      ["run", model, "--input", "x=" + scratch.path("x.npy")],
      environment: ["XDG_CACHE_HOME": scratch.path("cache")])
    #expect(run.status == 0)
    #expect(
      run.output == """
        twice : f32[2x2x2]
                    2.0000            4.0000
                    6.0000           -8.0000

                   10.0000           12.5000
                       nan  -2000000000.0000
        no rows : f32[2x0]
        places : i64[20]
           0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  …
        output3 : f32[]
          0.5000

        """)
  }
}
