#pragma once

class QAction;

namespace nanodit {

class PageFrame;

/// The buttons at the top of the Sample page, in the order in which they stand there.
struct SampleActions {
    explicit SampleActions(PageFrame& frame);

    QAction* plane;       ///< Checked while the guidance plane is shown.
    QAction* checkpoints; ///< The same picture with every checkpoint.
    QAction* anatomy;     ///< Checked while guidance is shown by step.
    QAction* attend;
    QAction* save;
};

} // namespace nanodit
