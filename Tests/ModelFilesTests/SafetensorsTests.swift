import Foundation
import Testing

@testable import ModelFiles

@Suite struct SafetensorsTests {
  private static func file(_ header: String, data: Int = 0) -> Data {
    var bytes = Data()
    bytes.append(littleEndian: UInt64(header.utf8.count))
    return bytes + Data(header.utf8) + Data(count: data)
  }

  @Test func roundTrip() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("state.safetensors")
    let tensors = [
      "b": FloatTensor(shape: [2, 3], values: [1, -0.0, .nan, .infinity, .leastNonzeroMagnitude, -5]),
      "a/scalar": FloatTensor(shape: [], values: [7]), "empty": FloatTensor(shape: [0, 4], values: []),
      "naïve \"quoted\" \\ 名": FloatTensor(shape: [1], values: [3]),
    ]
    try SafetensorsWriter.write(tensors, metadata: ["step": "12", "note": "line\nbreak\u{1}"], to: url)
    let file = try SafetensorsFile(path: url.path)
    #expect(file.metadata == ["step": "12", "note": "line\nbreak\u{1}"])
    #expect(Set(file.names) == Set(tensors.keys))
    for (name, tensor) in tensors {
      let shape = try #require(file.shape(of: name))
      #expect(FloatTensor(shape: shape, values: try file.floats(of: name)).isBitEqual(to: tensor), "\(name)")
    }
    #expect(try Data(contentsOf: url)[0] % 8 == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["state.safetensors"])
    expectRefusal("tensor nothing is missing") { try file.floats(of: "nothing") }
  }

  @Test func aFailedWriteLeavesTheEarlierFile() throws {
    struct Stop: Error {}
    let folder = try TemporaryFolder()
    let url = URL(fileURLWithPath: try folder.write("kept", "earlier"))
    #expect(throws: Stop.self) {
      try AtomicReplacement.file(at: url) {
        try $0.write(contentsOf: Data("half".utf8))
        throw Stop()
      }
    }
    #expect(try String(contentsOf: url, encoding: .utf8) == "earlier")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["kept"])
    expectRefusal("cannot be written: No such file or directory") {
      try AtomicReplacement.file(at: folder.url.appendingPathComponent("no/where"), content: Data())
    }
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "ends at byte 70, but the file has 69"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "size: 1 bytes after the last tensor"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "a.data_offsets: leaves a hole of 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}"#, 12, "12 bytes, but F32 [2] takes 8"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "[8, 0] is not a range of bytes"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "[0] is not a range of bytes"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "a.shape: [-2] is not a possible shape"),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8,
      "is not a possible shape"
    ),
    (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, 8, "a.shape: expected a list of integers"),
    (#"{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#, 8, "a.shape: expected a list of integers"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, 8, "a.shape: is missing"),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8, "a.dtype: is missing"),
    (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, 8, "F8_E4M3 tensors are not supported"),
    (#"{"a":{"dtype":"Q4_1","shape":[32],"data_offsets":[0,20]}}"#, 20, "Q4_1 tensors are not supported"),
    (#"{"a":[]}"#, 0, "a: expected an object, found an array"),
    (#"{"__metadata__":{"x":1}}"#, 0, "__metadata__.x: expected a string, found 1"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      8, "key \"a\" appears twice"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      12, "b.data_offsets: overlaps the tensor before it"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[0,9223372036854775807,9],"data_offsets":[0,0]}}"#, 0,
      "is not a possible shape"
    ),
    ("[1]", 0, "header: byte 0: the document is not an object"), ("{", 0, "header: byte 1"),
    (#"{"a":"\ud800"#, 0, "a string does not end"), (#"{"a":"\u12"}"#, 0, "\\u needs four"),
    (#"{"a":1e999}"#, 0, "1e999 is no number"), (#"{} {}"#, 0, "text after the end"),
  ])
  func hostileHeaders(header: String, dataBytes: Int, message: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", Self.file(header, data: dataBytes))
    expectRefusal(message) { try SafetensorsFile(path: path) }
  }

  @Test func hostileLengths() throws {
    let folder = try TemporaryFolder()
    for (length, message) in [
      (UInt64.max, "header length: 18446744073709551615 bytes is more than the 100000000"),
      (100_000_001, "header length: 100000001 bytes is more than the 100000000"),
      (99_999_999, "header length: 99999999 bytes, but the file ends after 2 (truncated?)"),
    ] {
      var data = Data()
      data.append(littleEndian: length)
      let path = try folder.write("x.safetensors", data + Data("{}".utf8))
      expectRefusal(message) { try SafetensorsFile(path: path) }
    }
    expectRefusal("header length: the file has only 3 bytes") {
      try SafetensorsFile(path: folder.write("x.safetensors", "abc"))
    }
    expectRefusal("nested too deeply") {
      try SafetensorsFile(
        path: folder.write("x.safetensors", Self.file(#"{"a":"# + String(repeating: "[", count: 10_000))))
    }
    expectRefusal("this is a Git LFS pointer") {
      try SafetensorsFile(path: folder.write("x.safetensors", "version https://git-lfs.github.com/spec/v1\n"))
    }
    expectRefusal("this is a folder, not a file") { try SafetensorsFile(path: folder.url.path) }
    expectRefusal("not a regular file") { try SafetensorsFile(path: "/dev/zero") }
  }

  @Test func orderOfTheHeaderDoesNotMatter() throws {
    let folder = try TemporaryFolder()
    let header =
      #" {"z":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},"#
      + #""a":{"data_offsets":[0,4],"shape":[2],"dtype":"BF16"}} "#
    var data = Self.file(header)
    for bits: UInt16 in [0x3f80, 0xc000, 0x3c00, 0xc400] { data.append(littleEndian: bits) }
    let file = try SafetensorsFile(path: folder.write("x.safetensors", data))
    #expect(try file.floats(of: "a") == [1, -2])
    #expect(try file.floats(of: "z") == [1, -4])
  }

  @Test func damagedHeadersNeverCrash() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("x.safetensors")
    try SafetensorsWriter.write(TinyModel().tensors, metadata: ["format": "pt"], to: url)
    let data = try Data(contentsOf: url)
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      var damaged = data
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<1000, using: &generator)] = UInt8.random(in: 0...127, using: &generator)
      }
      do {
        let file = try SafetensorsFile(path: folder.write("x.safetensors", damaged))
        for name in file.names { _ = try file.floats(of: name) }
      } catch is ModelFileError {
      }
    }
  }
}
