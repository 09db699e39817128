import CCrypto
import Foundation

/// A SHA-256 digest computed piece by piece, by OpenSSL.
final class SHA256 {
  private let context: OpaquePointer

  /// - Throws: `ModelCacheError.noDigest` when OpenSSL refuses, as under a policy that forbids it.
  init() throws {
    guard let context = EVP_MD_CTX_new() else { throw ModelCacheError.noDigest }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw ModelCacheError.noDigest }
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  func update(_ bytes: [UInt8]) {
    EVP_DigestUpdate(context, bytes, bytes.count)
  }

  /// The digest in lower-case hexadecimal. Nothing may be added afterwards.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    EVP_DigestFinal_ex(context, &digest, &length)
    return digest.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// The digest of a file.
  ///
  /// - Parameter progress: is told the bytes read so far.
  static func digest(of url: URL, progress: (Int) -> Void = { _ in }) throws -> String {
    let digest = try SHA256()
    let file = try FileHandle(forReadingFrom: url)
    defer { try? file.close() }
    var count = 0
    while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
      digest.update([UInt8](chunk))
      count += chunk.count
      progress(count)
    }
    return digest.finish()
  }
}
