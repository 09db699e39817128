import Foundation
import Testing

@testable import ModelFiles

/// Things that stand where a file is expected.
@Suite struct HostileFileTests {
  @Test("a pipe is not waited for, a device not read, a loop not followed")
  func notRegularFiles() throws {
    let folder = try TemporaryFolder()
    func refused(_ name: String, _ message: String) {
      expectRefusal("\(folder.path(name)): \(message)") {
        try Data(regularFile: folder.path(name), upTo: 100)
      }
      expectRefusal(message) { try StoredModel.open(path: folder.path(name)) }
    }
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    refused("pipe", "not a regular file")
    try FileManager.default.createSymbolicLink(atPath: folder.path("zero"), withDestinationPath: "/dev/zero")
    refused("zero", "not a regular file")
    try FileManager.default.createSymbolicLink(atPath: folder.path("loop"), withDestinationPath: "loop")
    expectRefusal("loop: a symbolic link that leads nowhere") {
      try Data(regularFile: folder.path("loop"), upTo: 100)
    }
    expectRefusal("loop: no such file or folder") { try StoredModel.open(path: folder.path("loop")) }
    expectRefusal("this is a folder, not a file") {
      try Data(regularFile: folder.url.path, upTo: 100)
    }
    try folder.write("long", Data(count: 101))
    expectRefusal("long: size: 101 bytes is more than the 100 allowed") {
      try Data(regularFile: folder.path("long"), upTo: 100)
    }
    #expect(try Data(regularFile: folder.path("long"), upTo: 101).count == 101)
  }

  @Test func chatTemplatesAreBounded() throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "{", count: (1 << 20) + 1)
    var builder = TinyModel().gguf
    builder.set("tokenizer.chat_template", .string(long))
    expectRefusal("m.gguf: tokenizer.chat_template: 1048577 bytes is more than the 1048576 allowed") {
      try StoredModel.open(path: folder.write("m.gguf", builder.data))
    }
    try FileManager.default.removeItem(atPath: folder.path("m.gguf"))
    try TinyModel().write(to: folder)
    try folder.write("tokenizer_config.json", #"{"chat_template":"\#(long)"}"#)
    expectRefusal("tokenizer_config.json: chat_template: 1048577 bytes is more") {
      try StoredModel.open(path: folder.url.path)
    }
    try folder.write("chat_template.jinja", long)
    expectRefusal("chat_template.jinja: size: 1048577 bytes is more") {
      try StoredModel.open(path: folder.url.path)
    }
  }

  /// To a String, a slash with a combining mark behind it is another character than a slash.
  @Test(arguments: [
    "../../etc/passwd", "/dev/zero", "..", "", "../\u{301}x.safetensors", "a\0.safetensors",
    "a\0\u{301}.safetensors",
  ])
  func shardsLieInTheFolder(name: String) throws {
    let folder = try TemporaryFolder()
    try TinyModel().write(to: folder)
    try FileManager.default.removeItem(atPath: folder.path("model.safetensors"))
    try folder.write(
      "model.safetensors.index.json",
      try JSONSerialization.data(withJSONObject: ["weight_map": ["model.norm.weight": name]]))
    expectRefusal("is not the name of a safetensors file in this folder") {
      try StoredModel.open(path: folder.url.path)
    }
  }

  @Test("an adapter's names are bounded, since its patterns meet each of them")
  func adapterNames() throws {
    let folder = try TemporaryFolder()
    try folder.write("adapter_config.json", #"{"peft_type":"LORA","r":1,"target_modules":"(.*)*x"}"#)
    let weights = folder.url.appendingPathComponent("adapter_model.safetensors")
    let long = String(repeating: "a", count: 300)
    try SafetensorsWriter.write([long: FloatTensor(shape: [1], values: [0])], to: weights)
    expectRefusal("a name of 300 bytes is too long") { try PEFTAdapter.read(from: folder.url) }
    try SafetensorsWriter.write(
      Dictionary(uniqueKeysWithValues: (0...1 << 14).map { ("t\($0)", FloatTensor(shape: [0], values: [])) }),
      to: weights)
    expectRefusal("header: 16385 tensors are too many") { try PEFTAdapter.read(from: folder.url) }
    let patterns = (0...4096).map { #""p\#($0)":1"# }.joined(separator: ",")
    try folder.write("adapter_config.json", #"{"peft_type":"LORA","rank_pattern":{\#(patterns)}}"#)
    try SafetensorsWriter.write([:], to: weights)
    expectRefusal("rank_pattern: 4097 patterns are too many") { try PEFTAdapter.read(from: folder.url) }
  }
}
