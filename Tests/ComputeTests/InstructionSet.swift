import CKernels

/// The kernels of matrix products.
///
/// Which one runs is a switch of the whole process, and other suites run beside this one, some of which compare
/// bits: what tries all kernels does so in a process of its own (an exit test).
enum InstructionSet: CaseIterable, Sendable {
  case portable, avx2, avx512, avx512BF16
  /// The tiles and pairs of the AVX-512 kernels in plain C.
  case wideCheck

  private var code: assay_isa {
    switch self {
    case .portable: ASSAY_ISA_PORTABLE
    case .avx2: ASSAY_ISA_AVX2
    case .avx512: ASSAY_ISA_AVX512
    case .avx512BF16: ASSAY_ISA_AVX512_BF16
    case .wideCheck: ASSAY_ISA_WIDE_CHECK
    }
  }

  /// Switches to it; false when this CPU cannot run it.
  func use() -> Bool { assay_use_isa(code) == 0 }

  /// Calls `body` on each kernel that this CPU can run, and comes back to the best.
  static func withEach(_ body: (InstructionSet) throws -> Void) rethrows {
    defer { _ = assay_use_isa(assay_best_isa()) }
    for set in allCases where set.use() { try body(set) }
  }
}
