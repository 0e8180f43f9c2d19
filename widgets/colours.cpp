#include "widgets/colours.h"

#include <QGuiApplication>
#include <QPalette>

namespace nanodit {

QColor Colours::hue(Hue hue) const
{
    switch (hue) {
    case Hue::Blue:
        return blue;
    case Hue::Orange:
        return orange;
    case Hue::Green:
        return green;
    case Hue::Vermillion:
        return vermillion;
    case Hue::Purple:
        return purple;
    case Hue::Sky:
        return sky;
    case Hue::Yellow:
        return yellow;
    case Hue::Grey:
        break;
    }
    return grey;
}

const Colours& darkColours()
{
    static const Colours colours{.dark = true,
                                 .window = "#1b1d21",
                                 .panel = "#23262b",
                                 .raised = "#2b2f36",
                                 .text = "#e6e8eb",
                                 .secondary = "#9aa3ad",
                                 .faint = "#676f79",
                                 .line = "#363b43",
                                 .accent = "#3d8bfd",
                                 .accentText = "#7ab0fe",
                                 .blue = "#4aa3df",
                                 .orange = "#f0b13c",
                                 .green = "#2fc497",
                                 .vermillion = "#f2803a",
                                 .purple = "#dd9cbf",
                                 .sky = "#7cc8f0",
                                 .yellow = "#f0e442",
                                 .grey = "#9aa3ad"};
    return colours;
}

const Colours& lightColours()
{
    static const Colours colours{.dark = false,
                                 .window = "#f6f7f9",
                                 .panel = "#ffffff",
                                 .raised = "#eef0f3",
                                 .text = "#1c1f24",
                                 .secondary = "#5a636e",
                                 .faint = "#9aa3ad",
                                 .line = "#d5dae0",
                                 .accent = "#3d8bfd",
                                 .accentText = "#1a5fd0",
                                 .blue = "#0072b2",
                                 .orange = "#e69f00",
                                 .green = "#009e73",
                                 .vermillion = "#d55e00",
                                 .purple = "#cc79a7",
                                 .sky = "#56b4e9",
                                 .yellow = "#c4b000",
                                 .grey = "#7b848e"};
    return colours;
}

const Colours& themeColours()
{
    return QGuiApplication::palette().color(QPalette::Active, QPalette::Window).lightness() < 128 ? darkColours()
                                                                                                  : lightColours();
}

} // namespace nanodit
