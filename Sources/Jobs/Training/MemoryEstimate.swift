import FineTuning
import Foundation
import LanguageModels
import ModelFiles

/// What a run will need, before it takes anything.
struct MemoryEstimate {
  /// Resident memory.
  let bytes: Int
  /// A checkpoint and its successor, and the best adapter.
  let diskBytes: Int

  init(_ recipe: TrainingRecipe, model: ModelConfiguration, rows: [TrainingSequence]) {
    let longest = rows.map(\.tokens.count).sorted(by: >).prefix(recipe.batchSize).reduce(0, +)
    let factors =
      recipe.lora.targets.reduce(0) { sum, layer in
        let size = TrainingMemory.size(of: layer, in: model)
        return sum + recipe.lora.rank * (size.inputs + size.outputs)
      } * model.layerCount * 4
    // Factors, gradient and two moments, and one more gradient for each further worker.
    bytes =
      Llama.weightBytes(model, precision: recipe.precision.element)
      + TrainingMemory.bytes(rows: longest, model, rank: recipe.lora.rank, threads: recipe.threads)
      + factors * (3 + recipe.threads) + (64 << 20)
    diskBytes = 3 * factors * 2 + factors
  }

  /// - Throws: `RunError` with both numbers.
  func check(folder: URL) throws {
    if let available = Self.availableMemory(), bytes > available {
      throw RunError.notEnoughMemory(needed: bytes, available: available)
    }
    var status = statvfs()
    if statvfs(folder.path, &status) == 0 {
      let free = Int(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
      if diskBytes > free {
        throw RunError.notEnoughDisk(needed: diskBytes, available: free, folder: folder.path)
      }
    }
  }

  /// What the system says can be had without swapping, and a container's limit.
  static func availableMemory() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
    var available: Int?
    for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      available = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map {
        $0 * 1024
      }
    }
    func number(_ path: String) -> Int? {
      (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
        Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    if let limit = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current") {
      available = min(available ?? .max, max(0, limit - used))
    }
    return available
  }
}
