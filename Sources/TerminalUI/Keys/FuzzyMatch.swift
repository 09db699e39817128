/// How well a few typed letters name something: they must occur in order, and are worth more side by side and at the
/// beginning of words.
public struct FuzzyMatch: Hashable, Sendable {
  public var score: Int
  /// Which characters of the candidate matched.
  public var positions: [Int]

  /// `nil` if the candidate does not hold all letters in order. An empty query matches everything alike.
  public init?(_ query: String, in candidate: String) {
    let wanted = Array(query.lowercased().filter { !$0.isWhitespace })
    let letters = Array(candidate)
    // Not String.lowercased(): that may change how many characters there are.
    let lower = letters.map { Character($0.lowercased().first.map(String.init) ?? String($0)) }
    guard wanted.count <= letters.count else { return nil }

    // best[i][j]: the best score of the first i + 1 letters with the last of them at j.
    var best: [[Int?]] = []
    var from: [[Int]] = []
    for (i, letter) in wanted.enumerated() {
      best.append(Array(repeating: nil, count: letters.count))
      from.append(Array(repeating: -1, count: letters.count))
      var reach: (score: Int, at: Int)?
      for j in letters.indices {
        if i > 0, j > 0, let score = best[i - 1][j - 1], reach.map({ score > $0.score }) ?? true {
          reach = (score, j - 1)
        }
        guard lower[j] == letter else { continue }
        let worth = j == 0 ? 10 : letters[j - 1].isLetter || letters[j - 1].isNumber ? 1 : 8
        if i == 0 {
          best[i][j] = worth - min(j, 5)
        } else {
          if let reach {
            best[i][j] = reach.score + worth
            from[i][j] = reach.at
          }
          if j > 0, let beside = best[i - 1][j - 1], beside + worth + 10 > best[i][j] ?? .min {
            best[i][j] = beside + worth + 10
            from[i][j] = j - 1
          }
        }
      }
    }
    guard let last = best.last else {
      score = 0
      positions = []
      return
    }
    guard let end = last.indices.filter({ last[$0] != nil }).max(by: { (last[$0] ?? 0) < (last[$1] ?? 0) })
    else {
      return nil
    }
    score = last[end] ?? 0
    var places = [end]
    for i in stride(from: wanted.count - 1, to: 0, by: -1) {
      places.append(from[i][places[places.count - 1]])
    }
    positions = places.reversed()
  }
}
