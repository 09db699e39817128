import Foundation

/// A loss in a message: three decimals, or four digits where those say more.
func lossText(_ loss: Double) -> String {
  String(format: abs(loss) >= 0.1 && abs(loss) < 1000 || loss == 0 ? "%.3f" : "%.4g", loss)
}

/// A time in a message: `1.5 s`, `75 s`, `12 min`.
func secondsText(_ seconds: Double) -> String {
  switch seconds {
  case ..<10: String(format: "%.2g s", seconds)
  case ..<120: String(format: "%.0f s", seconds)
  case ..<7200: String(format: "%.0f min", seconds / 60)
  default: String(format: "%.0f h", seconds / 3600)
  }
}
