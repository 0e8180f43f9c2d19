#pragma once

#include <QStackedWidget>

namespace nanodit {

/// The pages of a window, one at a time, in a scroll area. Only the page that is shown says how much room is needed;
/// its inspector folds where there is less (PageFrame::setRoom).
class PageStack : public QStackedWidget {
    Q_OBJECT

public:
    explicit PageStack(QWidget* parent = nullptr);

protected:
    /// Of the scroll area's viewport, whose events whoever puts the stack there sends here.
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void fit();

    int room_ = 0; ///< 0: not known yet.
};

} // namespace nanodit
