import Foundation
import Jobs
import ProjectStore
import TerminalUI

/// What the curves on the screen become in a file: a drawing, or the points that were drawn.
public enum ChartFile: String, CaseIterable, Sendable {
  /// A drawing for documents and the web.
  case svg
  /// The drawing that the terminal shows.
  case txt
  case csv, jsonl

  /// By the end of a file's name.
  init?(fileName: String) {
    guard let dot = fileName.lastIndex(of: "."),
      let format = Self(rawValue: String(fileName[fileName.index(after: dot)...]).lowercased())
    else { return nil }
    self = format
  }

  /// `.svg`, `.txt`, `.csv` or `.jsonl`
  static let endings =
    "\(allCases.dropLast().map { ".\($0.rawValue)" }.joined(separator: ", ")) or .\(allCases[allCases.count - 1].rawValue)"
}

/// Why curves were not written.
enum ChartFileError: Error, CustomStringConvertible {
  case unknownEnding(String)
  case exists(String)
  case tooLong(run: String)
  case nothing

  var description: String {
    switch self {
    case .unknownEnding(let name): "\(name): the name must end in \(ChartFile.endings)"
    case .exists(let path): "\(path) exists already; nothing was written"
    case .tooLong(let run):
      "\(run) has too many points to be kept one by one; assay export metrics writes them"
    case .nothing: "there are no curves to write"
    }
  }
}

extension WorkbenchState {
  /// The curves that are shown, in a format.
  ///
  /// - Parameter size: of the plain drawing, in cells.
  /// - Throws: ``ChartFileError``.
  func exported(_ format: ChartFile, size: Size = Size(width: 100, height: 30)) throws -> String {
    let charts = exportedCharts(width: size.width)
    guard !charts.isEmpty else { throw ChartFileError.nothing }
    switch format {
    case .svg: return TitledChart.svg(charts, size: charts.count > 1 ? (960, 280) : (960, 480))
    case .txt: return charts.map { plain($0, size) }.joined(separator: "\n")
    case .csv: return try table(MetricTable(.csv))
    case .jsonl: return try table(MetricTable(.jsonl))
    }
  }

  private func exportedCharts(width: Int) -> [TitledChart] {
    let summary = options.summary(of: progressRange)
    guard options.showsAllMetrics else {
      let chart = lossChart(width: width, emptyText: "no points")
      return chart.series.isEmpty ? [] : [TitledChart(title: "Loss · \(summary)", chart: chart)]
    }
    return shownMetrics.map { TitledChart(title: "\($0.title) · \(summary)", chart: metricChart($0)) }
  }

  private func plain(_ titled: TitledChart, _ size: Size) -> String {
    var grid = CellGrid(size: size, glyphs: glyphs)
    titled.chart.draw(in: &grid, box: grid.bounds, title: StyledText(titled.title))
    return grid.text + "\n"
  }

  /// The points of the shown series, all of them and not only those in the window.
  private func table(_ table: MetricTable) throws -> String {
    var text = table.header.map { $0 + "\n" } ?? ""
    for run in shownRuns {
      guard let history = histories[run.id] else { continue }
      let names = options.showsAllMetrics ? shownMetrics : [.trainLoss, .evalLoss]
      for name in names {
        let points = history[name]
        guard points.values.grain == 1 else { throw ChartFileError.tooLong(run: run.name) }
        for (index, point) in points.enumerated() {
          // Kept in Float, it is written in the digits that a Float has.
          let value = point.value.isFinite ? "\(points.values[index])" : nil
          text +=
            table.row(
              run: run.id, name: run.name, series: name, point, value: value,
              isSuperseded: history.segments.supersede(step: point.step, segment: point.segment)) + "\n"
        }
      }
    }
    return text
  }

  /// The values at the cursor, or the newest, of every shown run: for the clipboard, a line each.
  var copiedValues: String? {
    let lines = shownRuns.flatMap { run -> [String] in
      guard let curves = curves[run.id] else { return [] }
      let name = DisplayText.sanitised(run.name)
      let losses = [("train_loss", curves.train, run.trainLoss), ("eval_loss", curves.eval, run.evalLoss)]
      return losses.compactMap { metric, segments, newest in
        guard let cursor = options.cursor else {
          return newest.map { "\(name)\t\(metric)\t\($0)\tstep\t\(run.step)" }
        }
        return Reading(segments, at: cursor).map {
          // What is kept in Float has the digits of one.
          "\(name)\t\(metric)\t\(Float($0.point.y))\t\(options.progress.rawValue)\t\($0.point.x)"
        }
      }
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}
