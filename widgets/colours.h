#pragma once

#include <QColor>

namespace nanodit {

/// The series colours of Okabe and Ito ("Color Universal Design", 2008), which people with any colour vision can tell
/// apart.
enum class Hue { Blue, Orange, Green, Vermillion, Purple, Sky, Yellow, Grey };

/// One meaning, one colour, everywhere: in plots, layers, sliders and marks.
namespace meaning {
inline constexpr Hue text = Hue::Orange;
inline constexpr Hue cls = Hue::Purple;
inline constexpr Hue patches = Hue::Sky;
inline constexpr Hue unconditional = Hue::Grey;
inline constexpr Hue latentTokens = Hue::Green;
inline constexpr Hue loss = Hue::Blue;
inline constexpr Hue velocity = Hue::Green;
inline constexpr Hue gradient = Hue::Vermillion;
inline constexpr Hue neutral = Hue::Grey;
} // namespace meaning

/// The colours of one theme.
struct Colours {
    bool dark = false;
    QColor window, panel, raised, text, secondary, faint, line, accent;
    QColor accentText; ///< The accent as text, which needs more contrast than marks do.
    QColor blue, orange, green, vermillion, purple, sky, yellow, grey;

    QColor hue(Hue hue) const;
    /// Behind what is selected in a list: the accent over the panel, thin enough for text, marks and curves to keep
    /// their own colours.
    QColor selection() const { return dark ? QColor(0x1b, 0x36, 0x60) : QColor(0xd7, 0xe5, 0xfb); }
    QColor problem() const { return vermillion; }
    /// As text.
    QColor problemText() const { return dark ? vermillion : QColor(0xa8, 0x46, 0x00); }
    QColor warningText() const { return dark ? yellow : QColor(0x71, 0x62, 0x00); }
};

const Colours& darkColours();
const Colours& lightColours();
/// Those of the theme that the application shows now, by its palette.
const Colours& themeColours();

} // namespace nanodit
