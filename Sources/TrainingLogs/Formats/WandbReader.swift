/// The `.wandb` file of a run of Weights & Biases: protocol buffer `Record`s in LevelDB's log format.
///
/// After a header of 7 bytes (":W&B", 0xBEE1, version 0) come blocks of 32 KiB, the first of which includes the header.
/// A fragment is a CRC-32 (IEEE, as zlib computes it, over type and data; 4 bytes), a length (2) and a type (1: full,
/// 2 first, 3 middle, 4 last), then the data; a block's last bytes are zero where no fragment's header fits.
/// (wandb/sdk/internal/datastore.py, wandb/proto/wandb_internal.proto.)
struct WandbReader: LogReader {
  static let signature: [UInt8] = [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]
  static let blockSize = 32 << 10
  static let fragmentHeaderSize = 7
  /// A record with the scalars of a step is far smaller.
  static let largestRecord = 8 << 20

  private enum Fragment: UInt8 {
    case full = 1
    case first, middle, last
  }

  /// The record whose last fragment is not read yet; nil between records.
  private var partial: [UInt8]?
  private var recordNumber = 0
  private var keys = KeyTable()
  private var row = JSONRow()

  mutating func read(_ window: LogWindow, into output: inout LogOutput) -> Int {
    let bytes = window.bytes
    var start = window.offset == 0 ? Self.signature.count : 0
    guard start <= bytes.count else { return 0 }
    while true {
      let blockEnd = start + Self.blockSize - (window.offset + start) % Self.blockSize
      if blockEnd - start < Self.fragmentHeaderSize {
        guard blockEnd <= bytes.count else { return start }
        start = blockEnd
        continue
      }
      let data = start + Self.fragmentHeaderSize
      guard data <= bytes.count else { return start }
      let length = Int(bytes.littleEndian(UInt16.self, at: start + 4))
      let end = data + length
      let type = Fragment(rawValue: bytes[start + 6])
      let isSound =
        type != nil && end <= blockEnd && end <= bytes.count
        && CRC32.ieee.check(bytes[(start + 6)..<end]) == bytes.littleEndian(UInt32.self, at: start)
      if let type, isSound {
        take(type, bytes[data..<end], at: window.offset + start, into: &output)
        start = end
        continue
      }
      // At the file's end a fragment may be on its way. Before it, the rest of the block cannot be trusted.
      guard blockEnd <= bytes.count else {
        if end <= blockEnd, end <= bytes.count || type == nil {
          output.obstacle = "byte \(window.offset + start): the record is damaged, or not all written"
        }
        return start
      }
      partial = nil
      recordNumber += 1
      output.notes.count(.badRecords, at: "byte \(window.offset + start)")
      start = blockEnd
    }
  }

  private mutating func take(
    _ type: Fragment, _ data: ArraySlice<UInt8>, at byte: Int, into output: inout LogOutput
  ) {
    switch type {
    case .full, .first:
      if partial != nil { output.notes.count(.badRecords, at: "byte \(byte)") }
      partial = Array(data)
    case .middle, .last:
      // The beginning was damaged: the rest of it is passed over.
      guard partial != nil else { return }
      partial?.append(contentsOf: data)
    }
    if let size = partial?.count, size > Self.largestRecord {
      partial = nil
      recordNumber += 1
      output.notes.count(.longRecords, at: "record \(recordNumber)")
      return
    }
    if type == .full || type == .last, let record = partial {
      partial = nil
      recordNumber += 1
      self.record(ProtobufMessage(record), into: &output)
    }
  }

  /// Whether the last record read lacks its end.
  var isInsideRecord: Bool { partial != nil }

  // MARK: - Messages

  /// `Record`: 2 history, 5 config, 17 run.
  private mutating func record(_ message: ProtobufMessage, into output: inout LogOutput) {
    var message = message
    let bytes = message.bytes
    while let field = message.next() {
      guard let range = field.value.range else { continue }
      switch field.number {
      case 2: history(ProtobufMessage(bytes, range), into: &output)
      case 5: configuration(ProtobufMessage(bytes, range), into: &output)
      case 17: run(ProtobufMessage(bytes, range), into: &output)
      default: break
      }
    }
  }

  /// `RunRecord`: 1 run_id, 4 config, 8 display_name.
  private func run(_ message: ProtobufMessage, into output: inout LogOutput) {
    var message = message
    var identifier: String?
    var name: String?
    while let field = message.next() {
      switch field.number {
      case 1: identifier = field.value.text(in: message.bytes)
      case 4:
        if let range = field.value.range {
          configuration(ProtobufMessage(message.bytes, range), into: &output)
        }
      case 8: name = field.value.text(in: message.bytes)
      default: break
      }
    }
    output.facts.name = [name, identifier].compactMap { $0 }.first { !$0.isEmpty } ?? output.facts.name
  }

  /// `ConfigRecord`: 1 update, each an item.
  private func configuration(_ message: ProtobufMessage, into output: inout LogOutput) {
    var message = message
    while let field = message.next() {
      guard field.number == 1, let range = field.value.range,
        let item = Self.item(ProtobufMessage(message.bytes, range)), item.json.count <= 4096
      else { continue }
      // W&B's own notes on the environment.
      guard !item.key.hasPrefix("_wandb") else { continue }
      output.facts.configuration[item.key] = String(decoding: item.json, as: UTF8.self)
    }
  }

  /// `HistoryRecord`: 1 item, 2 step {1 num}.
  private mutating func history(_ message: ProtobufMessage, into output: inout LogOutput) {
    var message = message
    let bytes = message.bytes
    var step: Double?
    var trainerStep: Double?
    var timestamp: Double?
    var runtime: Double?
    var values: [LogValue] = []
    while let field = message.next() {
      guard let range = field.value.range else { continue }
      if field.number == 2 {
        // A step of 0 is not written: proto3 leaves out what is zero.
        step = step ?? Double(ProtobufMessage(bytes, range).last(1)?.integer ?? 0)
      }
      guard field.number == 1, let item = Self.item(ProtobufMessage(bytes, range)) else { continue }
      for value in numbers(in: item) {
        switch value.name {
        case "_step": step = value.value
        case "_timestamp": timestamp = value.value
        case "_runtime": runtime = value.value
        case "train/global_step", "trainer/global_step":
          // What Hugging Face and Lightning declare as the x axis of all else; `_step` counts calls of `log`.
          trainerStep = value.value
        default: values.append(value)
        }
      }
    }
    guard let step = (trainerStep ?? step).flatMap(Int.init(step:)) else {
      output.notes.count(.noStep("_step"), at: "record \(recordNumber)")
      return
    }
    guard !values.isEmpty else { return }
    values.nameMeanLoss()
    output.entries.append(LogEntry(step: step, time: timestamp ?? runtime, values: values))
  }

  /// The numbers of an item: one, or those of the object that it is.
  private mutating func numbers(in item: (key: String, json: [UInt8])) -> [LogValue] {
    let text = ArraySlice(item.json)
    if let number = NumberText.double(text) { return [LogValue(item.key, number)] }
    switch text.first {
    case UInt8(ascii: "\""):
      // W&B writes "NaN", "Infinity" and "-Infinity" as strings.
      let word = text.dropFirst().dropLast()
      guard let number = NumberText.double(word), !number.isFinite else { return [] }
      return [LogValue(item.key, number)]
    case UInt8(ascii: "{"):
      var scanner = JSONScanner(item.json)
      guard (try? scanner.object(keys: &keys, into: &row)) != nil else { return [] }
      // Of a histogram, an image or a table the numbers are no measurements.
      guard !row.strings.contains(where: { keys.names[$0.key] == "_type" }) else { return [] }
      return row.numbers.map { LogValue("\(item.key).\(keys.names[$0.key])", $0.value) }
    default: return []
    }
  }

  /// `HistoryItem` and `ConfigItem`: 1 key, 2 nested_key (the path of a value in a dictionary), 16 value_json.
  private static func item(_ message: ProtobufMessage) -> (key: String, json: [UInt8])? {
    var message = message
    var key = ""
    var path: [String] = []
    var json: [UInt8]?
    while let field = message.next() {
      switch field.number {
      case 1: key = field.value.text(in: message.bytes) ?? ""
      case 2: if let part = field.value.text(in: message.bytes) { path.append(part) }
      case 16: json = field.value.range.map { Array(message.bytes[$0]) }
      default: break
      }
    }
    if key.isEmpty { key = path.joined(separator: ".") }
    guard !key.isEmpty, let json else { return nil }
    return (key, json)
  }
}
