import Foundation
import GRDB

/// An optional Double in one column. SQLite stores infinities but turns a NaN into NULL, which here already
/// means "not known": so a NaN is stored as the text `nan`.
enum StoredReal {
  static func value(_ number: Double?) -> DatabaseValue {
    guard let number else { return .null }
    return number.isNaN ? "nan".databaseValue : number.databaseValue
  }

  static func number(_ value: DatabaseValue) -> Double? {
    switch value.storage {
    case .double(let number): number
    case .int64(let number): Double(number)
    case .string("nan"): .nan
    case .null, .string, .blob: nil
    }
  }
}

extension Row {
  func real(_ column: String) -> Double? { StoredReal.number(self[column]) }

  /// A date stored as seconds since 1970.
  func date(_ column: String) -> Date? { real(column).map(Date.init(timeIntervalSince1970:)) }
}
