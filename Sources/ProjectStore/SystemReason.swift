import Foundation

extension Error {
  /// What the system said of a file, such as “Not a directory”, where Foundation only says that an operation could not
  /// be completed.
  public var systemReason: String {
    let error = self as NSError
    switch error.userInfo[NSUnderlyingErrorKey] {
    case let cause as POSIXError: return String(cString: strerror(cause.code.rawValue))
    case let cause as NSError where cause.domain == NSPOSIXErrorDomain:
      return String(cString: strerror(Int32(cause.code)))
    default: return error.localizedDescription
    }
  }
}
