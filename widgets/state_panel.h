#pragma once

#include <QWidget>

#include <cstdint>

class QHBoxLayout;
class QLabel;
class QProgressBar;

class QPushButton;

namespace nanodit {

/// What stands in a page's middle when the thing itself is not there: empty (one sentence and the button that mends
/// it), working, or failed (what happened, why and what to do, "Copy details").
class StatePanel : public QWidget {
    Q_OBJECT

public:
    explicit StatePanel(QWidget* parent = nullptr);
    void showEmpty(const QString& drawing, const QString& headline, const QString& sentence);
    void showWorking(const QString& sentence);
    /// How far the work is that is shown; 0 in all: not known.
    void setProgress(std::int64_t done, std::int64_t total);
    /// `details` go to the clipboard with "Copy details".
    void showFailure(const QString& what, const QString& why, const QString& details);
    /// Below the sentence; stays until the state changes.
    QPushButton* addButton(const QString& text, const QString& drawing, bool primary);
    QSize minimumSizeHint() const override; ///< Lines become shorter where there is less room than they like.

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void reset(const QString& headline, const QString& sentence);

    QLabel* drawing_;
    QLabel* headline_;
    QLabel* sentence_;
    QProgressBar* bar_;
    QHBoxLayout* buttons_;
};

} // namespace nanodit
