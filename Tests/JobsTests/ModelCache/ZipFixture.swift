import CZlib
import Foundation

/// Builds zip archives, well-formed or not.
struct ZipFixture {
  struct Member {
    var name: String
    var content: Data
    var isDeflated = true
    /// Where the archive should say something else than the truth.
    var statedBytes: UInt32?
    var statedCompressedBytes: UInt32?
    var statedChecksum: UInt32?
    var statedOffset: UInt32?
    var localName: String?
    var flags: UInt16 = 0
    var method: UInt16?
  }

  var members: [Member]
  var statedCount: UInt16?
  var comment = ""

  var data: Data {
    var archive = Data()
    var directory = Data()
    for member in members {
      let compressed = member.isDeflated ? Self.deflate(member.content) : member.content
      let offset = UInt32(archive.count)
      var fields = Data()
      fields.append(littleEndian: member.flags)
      fields.append(littleEndian: member.method ?? (member.isDeflated ? 8 : 0))
      fields.append(littleEndian: UInt32(0))
      fields.append(
        littleEndian: member.statedChecksum
          ?? UInt32(crc32(0, Array(member.content), UInt32(member.content.count))))
      fields.append(littleEndian: member.statedCompressedBytes ?? UInt32(compressed.count))
      fields.append(littleEndian: member.statedBytes ?? UInt32(member.content.count))

      let localName = member.localName ?? member.name
      archive += Data([0x50, 0x4b, 3, 4, 20, 0]) + fields
      archive.append(littleEndian: UInt16(localName.utf8.count))
      archive.append(littleEndian: UInt16(0))
      archive += Data(localName.utf8) + compressed

      directory += Data([0x50, 0x4b, 1, 2, 20, 0, 20, 0]) + fields
      directory.append(littleEndian: UInt16(member.name.utf8.count))
      directory += Data(count: 12)
      directory.append(littleEndian: member.statedOffset ?? offset)
      directory += Data(member.name.utf8)
    }
    let offset = UInt32(archive.count)
    archive += directory + Data([0x50, 0x4b, 5, 6, 0, 0, 0, 0])
    archive.append(littleEndian: statedCount ?? UInt16(members.count))
    archive.append(littleEndian: statedCount ?? UInt16(members.count))
    archive.append(littleEndian: UInt32(directory.count))
    archive.append(littleEndian: offset)
    archive.append(littleEndian: UInt16(comment.utf8.count))
    return archive + Data(comment.utf8)
  }

  /// zlib's format without its header of 2 bytes and its checksum of 4.
  static func deflate(_ content: Data) -> Data {
    var length = compressBound(UInt(content.count))
    var output = [UInt8](repeating: 0, count: Int(length))
    compress2(&output, &length, Array(content), UInt(content.count), 6)
    return Data(output[2..<Int(length) - 4])
  }
}

extension Data {
  fileprivate mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    for byte in 0..<MemoryLayout<T>.size { append(UInt8(truncatingIfNeeded: value >> (8 * T(byte)))) }
  }
}

/// A folder that lives as long as the object.
final class ScratchFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("assay-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  @discardableResult
  func write(_ name: String, _ content: Data) throws -> String {
    let file = url.appendingPathComponent(name)
    try content.write(to: file)
    return file.path
  }

  /// Names in a folder below this one, sorted; those that begin with a dot included.
  func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.appendingPathComponent(folder).path)) ?? [])
      .sorted()
  }
}
