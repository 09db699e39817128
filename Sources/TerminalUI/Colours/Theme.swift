/// The colours of all roles, and which signs to draw with.
public struct Theme: Hashable, Sendable {
  /// How one role looks, in each tier of colours.
  public struct Look: Hashable, Sendable {
    public var foreground: Colour
    public var background: Colour?
    public var attributes: TextAttributes
    /// In place of `foreground` where there are only 16 colours; the nearest if `nil`.
    public var ansiForeground: Colour?
    public var ansiBackground: Colour?
    /// Added where there are no colours.
    public var monoAttributes: TextAttributes

    public init(
      foreground: Colour = .terminal, background: Colour? = nil, attributes: TextAttributes = [],
      ansiForeground: Colour? = nil, ansiBackground: Colour? = nil, monoAttributes: TextAttributes = []
    ) {
      self.foreground = foreground
      self.background = background
      self.attributes = attributes
      self.ansiForeground = ansiForeground
      self.ansiBackground = ansiBackground
      self.monoAttributes = monoAttributes
    }
  }

  public enum GlyphChoice: String, Hashable, Sendable, CaseIterable {
    case unicode, quadrant, ascii
  }

  public var name: String
  public var glyphs: GlyphChoice
  private var looks: [Role: Look]

  public init(name: String, glyphs: GlyphChoice = .unicode, looks: [Role: Look]) {
    self.name = name
    self.glyphs = glyphs
    self.looks = looks
  }

  /// How a role looks; one that the theme leaves out looks like plain text.
  public subscript(role: Role) -> Look { looks[role] ?? Look() }

  /// Whether it tells series apart by nothing but their letters.
  public var isMono: Bool { (0..<8).allSatisfy { self[.series($0)].foreground == .terminal } }

  /// The signs to draw with where the locale shows Unicode, or where it does not.
  public func glyphs(isUnicode: Bool) -> Glyphs {
    guard isUnicode, glyphs != .ascii else { return .ascii }
    var set = Glyphs.unicode
    if glyphs == .quadrant { set.plot = .quadrant }
    return set
  }

  /// What a terminal of a tier is told for a style: two colour numbers, −1 being its own, and attributes.
  func resolve(_ style: Style, _ tier: ColourTier) -> ResolvedStyle {
    var attributes = style.attributes
    var foreground = paint(style.foreground, tier, isBackground: false, &attributes)
    var background = -1
    if let paint = style.background {
      background = self.paint(paint, tier, isBackground: true, &attributes)
      if foreground == background, background >= 0 {
        // On itself a colour is not seen: what stands there is written as the ground's own text.
        foreground = self.paint(paint, tier, isBackground: false, &attributes)
        if foreground == background { foreground = -1 }
      }
    }
    return ResolvedStyle(foreground: foreground, background: background, attributes: attributes)
  }

  private func paint(
    _ paint: Style.Paint, _ tier: ColourTier, isBackground: Bool, _ attributes: inout TextAttributes
  ) -> Int {
    guard case .role(let role) = paint else {
      if case .colour(let colour) = paint { return colour.number(tier) }
      return -1
    }
    let look = self[role]
    attributes.formUnion(look.attributes)
    if tier == .mono { attributes.formUnion(look.monoAttributes) }
    let isAnsi = tier == .colours16 || tier == .colours8
    if isBackground {
      // A role that has no background of its own lends its foreground.
      let colour = (isAnsi ? look.ansiBackground : nil) ?? look.background ?? look.foreground
      return colour.number(tier)
    }
    let colour = (isAnsi ? look.ansiForeground : nil) ?? look.foreground
    if tier == .colours8, colour == .ansi(8) {
      // Of eight colours none is grey, and black is no stand-in.
      attributes.insert(.dim)
      return -1
    }
    return colour.number(tier)
  }
}

struct ResolvedStyle: Hashable {
  var foreground: Int
  var background: Int
  var attributes: TextAttributes
}
