/// Finds texts that say nearly the same: MinHash signatures (Broder 1997) of five-word shingles, compared where a band of
/// them is equal (locality-sensitive hashing, Indyk and Motwani 1998).
public struct NearDuplicates: Sendable {
  /// Hash functions of a signature; the estimate of a similarity is off by 1/√128, or nine hundredths.
  static let signatureSize = 128
  private static let bands = 16
  private static let shingleWords = 5

  /// Texts at least this similar (Jaccard, 0…1) are duplicates.
  public let threshold: Double
  private var signatures: [[UInt32]] = []
  private var buckets: [[UInt64: [Int]]] = Array(repeating: [:], count: Self.bands)

  public init(threshold: Double = 0.8) { self.threshold = threshold }

  /// Takes a text in.
  ///
  /// - Returns: the number, by order of taking in, of an earlier text that it nearly repeats; the most similar one.
  public mutating func add(_ text: String) -> Int? {
    let signature = Self.signature(text)
    let index = signatures.count
    signatures.append(signature)
    guard !signature.isEmpty else { return nil }
    var candidates: Set<Int> = []
    let rows = Self.signatureSize / Self.bands
    for band in 0..<Self.bands {
      let key = signature[(band * rows)..<((band + 1) * rows)].reduce(UInt64(band) &+ 0x9E37_79B9_7F4A_7C15) {
        Self.mix($0 ^ UInt64($1))
      }
      candidates.formUnion(buckets[band][key] ?? [])
      // A text that all repeat, such as an empty form, is compared to the first of them only.
      if buckets[band][key]?.count ?? 0 < 32 { buckets[band][key, default: []].append(index) }
    }
    let best = candidates.map { ($0, Self.similarity(signatures[$0], signature)) }
      .max { ($0.1, -$0.0) < ($1.1, -$1.0) }
    guard let best, best.1 >= threshold else { return nil }
    return best.0
  }

  /// The share of equal places of two signatures, which estimates the Jaccard similarity of their texts.
  static func similarity(_ one: [UInt32], _ other: [UInt32]) -> Double {
    guard one.count == other.count, !one.isEmpty else { return 0 }
    return Double(zip(one, other).count { $0 == $1 }) / Double(one.count)
  }

  /// Empty for a text without words.
  static func signature(_ text: String) -> [UInt32] {
    let words = wordHashes(text)
    guard !words.isEmpty else { return [] }
    var lowest = [UInt32](repeating: .max, count: signatureSize)
    let count = max(1, words.count - shingleWords + 1)
    for start in 0..<count {
      let shingle = words[start..<min(start + shingleWords, words.count)].reduce(UInt64(0x51_7C_C1_B7)) {
        mix($0 ^ $1)
      }
      // One strong hash, then a multiplication and an addition for each function (Dietzfelbinger et al. 1997).
      let (a, b) = (shingle | 1, mix(shingle ^ 0xD6E8_FEB8_6659_FD93))
      var value = b
      for index in 0..<signatureSize {
        value &+= a
        let hash = UInt32(truncatingIfNeeded: mix(value) >> 32)
        if hash < lowest[index] { lowest[index] = hash }
      }
    }
    return lowest
  }

  /// Of each run of letters and digits, without regard to case in ASCII.
  private static func wordHashes(_ text: String) -> [UInt64] {
    var hashes: [UInt64] = []
    var hash: UInt64 = 0
    var isInWord = false
    for var byte in text.utf8 {
      if (0x41...0x5A).contains(byte) { byte += 0x20 }
      if (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80 {
        // FNV-1a.
        hash = ((isInWord ? hash : 0xCBF2_9CE4_8422_2325) ^ UInt64(byte)) &* 0x100_0000_01B3
        isInWord = true
      } else if isInWord {
        hashes.append(hash)
        isInWord = false
      }
    }
    if isInWord { hashes.append(hash) }
    return hashes
  }

  /// The finaliser of MurmurHash3 (Appleby).
  private static func mix(_ value: UInt64) -> UInt64 {
    var x = value
    x = (x ^ x >> 33) &* 0xFF51_AFD7_ED55_8CCD
    x = (x ^ x >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return x ^ x >> 33
  }
}
