import CKernels

/// What this CPU can do.
public enum Processor {
  /// True when bf16 products run on instructions of their own (avx512_bf16); otherwise bf16 only saves memory.
  public static var hasBF16Products: Bool { assay_has_bf16_dot() != 0 }

  /// Multiply–add roof of one core, FLOP/s, measured in registers for about `seconds`.
  public static func measurePeak(_ element: Element, seconds: Double) -> Double {
    assay_measure_peak(element.code, seconds)
  }

  public static var instructionSet: String {
    switch assay_current_isa() {
    case ASSAY_ISA_AVX2: "AVX2"
    case ASSAY_ISA_AVX512: "AVX-512"
    case ASSAY_ISA_AVX512_BF16: "AVX-512 bf16"
    case ASSAY_ISA_WIDE_CHECK: "wide check"
    default: "portable"
    }
  }
}
