/// The name that was probably meant by a misspelt one: the fewest edits away, and not too many of them.
public func nearestName(to name: String, among candidates: [String]) -> String? {
  let name = Array(name.lowercased().unicodeScalars.prefix(64))
  let ranked = candidates.map { (name: $0, edits: editDistance(name, Array($0.unicodeScalars))) }
  guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
  return best.edits <= max(2, name.count / 3) ? best.name : nil
}

/// Levenshtein's distance: insertions, deletions and replacements, each one edit.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var row = Array(0...b.count)
  for (i, scalar) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let replaced = diagonal + (scalar == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
