#pragma once

#include <QByteArray>
#include <QFrame>

#include <optional>

class QAction;
class QHBoxLayout;
class QLabel;
class QSplitter;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

class Banner;

/// What every page shares: title, context and actions at the top; the thing itself in the middle; an inspector of 320
/// pixels at the right and a drawer at the bottom, both of which fold.
class PageFrame : public QWidget {
    Q_OBJECT
    Q_PROPERTY(QByteArray arrangement READ arrangement WRITE setArrangement)

public:
    static constexpr int inspectorWidth = 320;
    explicit PageFrame(const QString& title, QWidget* parent = nullptr);

    void setContext(const QString& context);
    /// With a button right of the title, left to right; the primary one is filled with the accent.
    QAction* addAction(const QString& text, const QString& drawing, const QString& help, bool primary = false);
    void addActionWidget(QWidget* widget);
    void setContent(QWidget* content);
    void setInspector(QWidget* inspector);
    /// Fixed: `height` is its own, however high the page is. WithPage: it has `height` in a window of the usual size,
    /// and the same share of the page in any other.
    enum class DrawerHeight { Fixed, WithPage };
    void setDrawer(QWidget* drawer, int height, DrawerHeight kind = DrawerHeight::Fixed);
    void setDrawerVisible(bool visible);
    void setInspectorVisible(bool visible);
    /// Whether somebody has folded it or opened it with its button, and how; nothing where nobody has.
    std::optional<bool> inspectorByHand() const { return inspectorByHand_; }
    std::optional<bool> drawerByHand() const { return drawerByHand_; }
    /// Sizes, and what was folded by hand, to be kept over starts.
    QByteArray arrangement() const;
    void setArrangement(const QByteArray& state);
    /// How wide the page may be without scrolling. Where it needs more, the inspector folds, and it comes back with the
    /// room; who unfolds it meanwhile keeps it.
    void setRoom(int width);
    /// To the room there is, after the page has shown its inspector.
    void fitInspector();
    /// Over the lower edge of the content, while it has something to say: nothing moves when it comes and goes.
    Banner* banner() const { return banner_; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void placeBanner();

    QHBoxLayout* header_;
    QLabel* context_;
    Banner* banner_;
    QSplitter* columns_;
    QSplitter* rows_;
    QToolButton* foldInspector_;
    QToolButton* foldDrawer_;
    QFrame* inspector_ = nullptr;
    int room_ = 0;          ///< 0: not known.
    int withInspector_ = 0; ///< The width that is needed then; 0: it was not folded for want of room.
    QFrame* drawer_ = nullptr;
    std::optional<bool> inspectorByHand_, drawerByHand_;
};

} // namespace nanodit
