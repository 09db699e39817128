/// Writes `.wandb` files: LevelDB's log format.
struct WandbFile {
  private(set) var bytes: [UInt8] = [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]
  private static let blockSize = 32 << 10

  mutating func record(_ data: [UInt8]) {
    var rest = data[...]
    var isFirst = true
    repeat {
      let room = Self.blockSize - bytes.count % Self.blockSize
      guard room >= 7 else {
        bytes += [UInt8](repeating: 0, count: room)
        continue
      }
      let part = rest.prefix(room - 7)
      rest = rest.dropFirst(part.count)
      let type: UInt8 = isFirst ? (rest.isEmpty ? 1 : 2) : (rest.isEmpty ? 4 : 3)
      bytes += littleEndianBytes(slowCRC([type] + part, polynomial: 0xedb8_8320))
      bytes += littleEndianBytes(UInt16(part.count)) + [type] + part
      isFirst = false
    } while isFirst || !rest.isEmpty
  }

  mutating func history(_ items: [(key: [String], json: String)]) {
    record(
      ProtobufWriter.message { writer in
        writer.integer(1, 7)
        writer.bytes(
          2,
          ProtobufWriter.message { writer in
            for (key, json) in items { writer.bytes(1, Self.item(key, json)) }
          })
      })
  }

  mutating func run(id: String, name: String?, configuration: [(key: String, json: String)] = []) {
    record(
      ProtobufWriter.message { writer in
        writer.bytes(
          17,
          ProtobufWriter.message { writer in
            writer.text(1, id)
            writer.bytes(
              4,
              ProtobufWriter.message { writer in
                for (key, json) in configuration { writer.bytes(1, Self.item([key], json)) }
              })
            if let name { writer.text(8, name) }
          })
      })
  }

  private static func item(_ key: [String], _ json: String) -> [UInt8] {
    ProtobufWriter.message { writer in
      if key.count == 1 { writer.text(1, key[0]) } else { for part in key { writer.text(2, part) } }
      writer.text(16, json)
    }
  }
}
