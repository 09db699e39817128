import CZlib
import Foundation

/// A Python wheel, which is a zip archive: the members that its central directory lists, stored or deflated.
///
/// Nothing in the archive is believed before it is checked: names that would leave a folder, sizes that lie,
/// a truncated or contradictory directory are refused, and no more is written than a member says it holds.
/// Source: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
struct Wheel {
  struct Member: Equatable {
    var name: String
    var bytes: Int
    fileprivate var compressedBytes: Int
    fileprivate var isDeflated: Bool
    fileprivate var checksum: UInt32
    fileprivate var headerOffset: Int
  }

  let path: String
  let members: [Member]
  private let archive: Data
  private let directoryOffset: Int

  /// Maps the archive and reads its directory.
  init(path: String) throws {
    self.path = path
    do {
      archive = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw ModelCacheError.inaccessible(path: path, reason: "cannot be read")
    }
    var directory = try Self.directory(of: archive, path: path)
    directoryOffset = directory.position
    var members: [Member] = []
    var names: Set<String> = []
    for _ in 0..<directory.memberCount {
      let member = try directory.member()
      guard names.insert(member.name).inserted else {
        throw ModelCacheError.badArchive(file: path, problem: "\(member.name) is listed twice")
      }
      members.append(member)
    }
    self.members = members
  }

  /// Unpacks a member piece by piece.
  ///
  /// - Parameter consume: is given at most 1 MiB at a time.
  /// - Throws: `ModelCacheError.badArchive` when size or checksum differ from the directory's; what was
  ///   consumed until then is worthless.
  func unpack(_ member: Member, consume: ([UInt8]) throws -> Void) throws {
    var checksum = crc32(0, nil, 0)
    var count = 0
    let data = try dataRange(of: member)
    let pieces = PieceReader(archive: archive, range: data)
    func write(_ piece: [UInt8]) throws {
      count += piece.count
      guard count <= member.bytes else { throw failure(member, "holds more than it says") }
      checksum = crc32(checksum, piece, UInt32(piece.count))
      try consume(piece)
    }
    if member.isDeflated {
      try inflate(pieces, member: member, write: write)
    } else {
      while let piece = pieces.next() { try write(piece) }
    }
    guard count == member.bytes else { throw failure(member, "holds \(count) bytes, not \(member.bytes)") }
    guard checksum == UInt(member.checksum) else { throw failure(member, "has a wrong checksum") }
  }

  private func inflate(_ pieces: PieceReader, member: Member, write: ([UInt8]) throws -> Void) throws {
    guard let stream = raw_inflate_new() else {
      throw ModelCacheError.inaccessible(path: path, reason: "not enough memory to inflate")
    }
    defer { raw_inflate_free(stream) }
    var output = [UInt8](repeating: 0, count: PieceReader.pieceBytes)
    while var input = pieces.next() {
      while true {
        var consumed: UInt32 = 0
        var produced: UInt32 = 0
        let status = raw_inflate(
          stream, input, UInt32(input.count), &output, UInt32(output.count), &consumed, &produced)
        if produced > 0 { try write(produced == output.count ? output : Array(output.prefix(Int(produced)))) }
        if status == Z_STREAM_END {
          guard consumed == input.count, pieces.next() == nil else {
            throw failure(member, "has bytes after its end")
          }
          return
        }
        guard status == Z_OK || status == Z_BUF_ERROR else { throw failure(member, "is not deflated data") }
        input.removeFirst(Int(consumed))
        // The output was not filled: this piece is used up.
        if produced < output.count { break }
      }
      guard input.isEmpty else { throw failure(member, "is not deflated data") }
    }
    throw failure(member, "ends early")
  }

  /// The member's data: what follows its local header, before the directory.
  private func dataRange(of member: Member) throws -> Range<Int> {
    var header = LittleEndianReader(data: archive, position: member.headerOffset, end: directoryOffset)
    guard header.integer(4) == 0x0403_4b50, header.skip(22), let nameBytes = header.integer(2),
      let extraBytes = header.integer(2), let name = header.bytes(nameBytes), header.skip(extraBytes)
    else { throw failure(member, "has no local header") }
    guard name.elementsEqual(member.name.utf8) else {
      throw failure(member, "has another name in its local header")
    }
    guard member.compressedBytes <= directoryOffset - header.position else {
      throw failure(member, "reaches into the directory")
    }
    return header.position..<(header.position + member.compressedBytes)
  }

  private func failure(_ member: Member, _ problem: String) -> ModelCacheError {
    .badArchive(file: path, problem: "\(member.name) \(problem)")
  }
}

// MARK: - Central directory

/// Reads the entries of the central directory one after the other.
private struct DirectoryReader {
  let path: String
  let memberCount: Int
  var reader: LittleEndianReader

  var position: Int { reader.position }

  mutating func member() throws -> Wheel.Member {
    guard reader.integer(4) == 0x0201_4b50, reader.skip(4), let flags = reader.integer(2),
      let method = reader.integer(2), reader.skip(4), let checksum = reader.integer(4),
      let compressedBytes = reader.integer(4), let bytes = reader.integer(4),
      let nameBytes = reader.integer(2), let extraBytes = reader.integer(2),
      let commentBytes = reader.integer(2), reader.skip(8), let headerOffset = reader.integer(4),
      let nameData = reader.bytes(nameBytes), reader.skip(extraBytes + commentBytes)
    else { throw ModelCacheError.badArchive(file: path, problem: "the directory of the archive is damaged") }

    guard let name = String(validating: nameData, as: UTF8.self), Self.staysInside(name) else {
      let shown = String(decoding: nameData.prefix(80), as: UTF8.self).debugDescription
      throw ModelCacheError.badArchive(file: path, problem: "\(shown) is no name of a file inside a folder")
    }
    func failure(_ problem: String) -> ModelCacheError {
      .badArchive(file: path, problem: "\(name) \(problem)")
    }
    guard flags & 1 == 0 else { throw failure("is encrypted") }
    guard method == 0 || method == 8 else { throw failure("is compressed by method \(method), not deflate") }
    guard compressedBytes < 0xffff_ffff, bytes < 0xffff_ffff, headerOffset < 0xffff_ffff else {
      throw failure("needs the zip64 format, which is not supported")
    }
    // Deflate cannot do better than 1032 to 1.
    let possible = method == 0 ? compressedBytes : compressedBytes * 1032
    guard method == 0 ? bytes == possible : bytes <= possible else {
      throw failure("cannot hold \(bytes) bytes in \(compressedBytes)")
    }
    return Wheel.Member(
      name: name, bytes: bytes, compressedBytes: compressedBytes, isDeflated: method == 8,
      checksum: UInt32(checksum), headerOffset: headerOffset)
  }

  private static func staysInside(_ name: String) -> Bool {
    guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("\\"), !name.contains("\0") else {
      return false
    }
    return !name.split(separator: "/", omittingEmptySubsequences: false).contains { $0 == ".." || $0 == "." }
  }
}

extension Wheel {
  /// Finds the end record, which may be followed by a comment, and checks what it says of the directory.
  private static func directory(of archive: Data, path: String) throws -> DirectoryReader {
    let recordBytes = 22
    let earliest = max(0, archive.count - recordBytes - 0xffff)
    var start = archive.count - recordBytes
    while start >= earliest {
      var record = LittleEndianReader(data: archive, position: start, end: archive.count)
      if record.integer(4) == 0x0605_4b50, let disk = record.integer(2),
        let directoryDisk = record.integer(2),
        let countHere = record.integer(2), let count = record.integer(2), let bytes = record.integer(4),
        let offset = record.integer(4), let commentBytes = record.integer(2),
        record.position + commentBytes == archive.count
      {
        guard disk == 0, directoryDisk == 0, countHere == count else {
          throw ModelCacheError.badArchive(file: path, problem: "archives in several parts are not supported")
        }
        guard count < 0xffff, bytes < 0xffff_ffff, offset < 0xffff_ffff else {
          throw ModelCacheError.badArchive(file: path, problem: "the zip64 format is not supported")
        }
        guard offset + bytes <= start else {
          throw ModelCacheError.badArchive(file: path, problem: "the directory lies outside of the archive")
        }
        return DirectoryReader(
          path: path, memberCount: count,
          reader: LittleEndianReader(data: archive, position: offset, end: offset + bytes))
      }
      start -= 1
    }
    throw ModelCacheError.badArchive(
      file: path, problem: "not a wheel, or a truncated one (no zip directory)")
  }
}

// MARK: - Bytes

/// A cursor that answers nil instead of reading past its end.
private struct LittleEndianReader {
  let data: Data
  var position: Int
  let end: Int

  /// An unsigned integer of 2 or 4 bytes.
  mutating func integer(_ byteCount: Int) -> Int? {
    guard let bytes = bytes(byteCount) else { return nil }
    return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func bytes(_ count: Int) -> Data? {
    guard position >= 0, count <= end - position else { return nil }
    defer { position += count }
    return data[position..<position + count]
  }

  mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }
}

/// Hands out a range of the archive in pieces.
private final class PieceReader {
  static let pieceBytes = 1 << 20
  private let archive: Data
  private var range: Range<Int>

  init(archive: Data, range: Range<Int>) {
    self.archive = archive
    self.range = range
  }

  func next() -> [UInt8]? {
    guard !range.isEmpty else { return nil }
    let piece = range.prefix(Self.pieceBytes)
    range = piece.endIndex..<range.upperBound
    return [UInt8](archive[piece.startIndex..<piece.endIndex])
  }
}
