/// Writes TensorBoard's event files.
enum EventFile {
  static func record(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndianBytes(UInt64(data.count))
    return length + littleEndianBytes(maskedCRC(length)) + data + littleEndianBytes(maskedCRC(data))
  }

  private static func maskedCRC(_ bytes: [UInt8]) -> UInt32 {
    let check = slowCRC(bytes, polynomial: 0x82f6_3b78)
    return (check >> 15 | check << 17) &+ 0xa282_ead8
  }

  /// The record that every event file begins with.
  static func version(time: Double = 1000) -> [UInt8] {
    record(
      ProtobufWriter.message {
        $0.double(1, time)
        $0.text(3, "brain.Event:2")
      })
  }

  static func scalar(_ tag: String, _ step: Int, _ value: Float, time: Double = 1000) -> [UInt8] {
    event(step, time: time) {
      $0.text(1, tag)
      $0.float(2, value)
    }
  }

  /// A value as TensorFlow 2 writes it: a tensor, of which only the first of a tag has the plug-in's name.
  static func tensor(
    _ tag: String, _ step: Int, type: Int, plugin: String? = nil, shape: [Int] = [],
    fields: (inout ProtobufWriter) -> Void
  ) -> [UInt8] {
    let tensor = ProtobufWriter.message { writer in
      writer.integer(1, type)
      writer.bytes(
        2,
        ProtobufWriter.message { writer in
          for size in shape { writer.bytes(2, ProtobufWriter.message { $0.integer(1, size) }) }
        })
      fields(&writer)
    }
    return event(step, time: 1000) { writer in
      writer.text(1, tag)
      writer.bytes(8, tensor)
      if let plugin {
        writer.bytes(9, ProtobufWriter.message { $0.bytes(1, ProtobufWriter.message { $0.text(1, plugin) }) })
      }
    }
  }

  static func event(_ step: Int, time: Double, value: (inout ProtobufWriter) -> Void) -> [UInt8] {
    let summary = ProtobufWriter.message { $0.bytes(1, ProtobufWriter.message(value)) }
    return record(
      ProtobufWriter.message {
        $0.double(1, time)
        $0.integer(2, step)
        $0.bytes(5, summary)
      })
  }
}
