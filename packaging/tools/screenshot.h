#pragma once

#include "app/page_table.h"

#include <QPointF>
#include <QSize>
#include <QString>

#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

class MainWindow;

/// Renders a page into a file once everything on it has loaded, then quits: for documentation and for looking at.
struct ScreenshotRequest {
    QString file;
    QSize size{1280, 800};
    std::optional<Page> page;     ///< None: the welcome page.
    QString run;                  ///< A run to show on the training or validation page.
    QString record;               ///< A record to choose on the page...
    std::optional<QPointF> point; ///< ...and a pixel of its bucket image to point at.
    int lens = 0;                 ///< What is shown over it, as keys 1 to 7 choose it, from 0...
    bool compare = false;         ///< ...at the right of the plain picture.
    QString query;                ///< What the data set's page is filtered by.
    bool table = false;           ///< Its records as a table.
    std::optional<int> drawer;    ///< Its drawer, open at this tab, from 0.
    QString kept;                 ///< A record to keep in its second canvas.
    /// Layers of its picture by name, with their opacity; 0 hides one.
    std::vector<std::pair<QString, double>> layers;
    int colours = 0;           ///< What patch colours are fitted on: the set, the selection, the picture.
    bool withoutPlace = false; ///< Colours and similarity with the place taken away.
    int view = 0;              ///< Of the attention page, as keys 1 to 5 choose it, from 0.
    QString against;           ///< What the validation page compares the run with...
    int tab = 0;               ///< ...and which of its tabs is shown.
};
/// Exit code 1, with a sentence on stderr, when the file cannot be written or nothing has loaded within a minute.
void takeScreenshot(MainWindow& window, const ScreenshotRequest& request);

} // namespace nanodit
