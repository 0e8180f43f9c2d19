#include "widgets/page_frame.h"

#include "widgets/action_button.h"
#include "widgets/banner.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/icons.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAction>
#include <QDataStream>
#include <QHBoxLayout>
#include <QIODevice>
#include <QLabel>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int pageMargin = 16;
constexpr int pageHeaderHeight = 52;
constexpr int usualRows = 720;          ///< Height of content and drawer in a window of 1280 x 800.
constexpr int inspectorCharacters = 40; ///< Of average width that it is wide at least: large fonts need more pixels.
} // namespace

PageFrame::PageFrame(const QString& title, QWidget* parent)
    : QWidget(parent)
    , header_(new QHBoxLayout)
    , context_(new FittedLabel(this))
    , banner_(new Banner(this))
    , columns_(new QSplitter(Qt::Horizontal, this))
    , rows_(new QSplitter(Qt::Vertical, this))
    , foldInspector_(makeFlatButton(QStringLiteral("panel-right"), tr("Show or hide the inspector"), this))
    , foldDrawer_(makeFlatButton(QStringLiteral("panel-bottom"), tr("Show or hide the drawer"), this))
{
    setObjectName(QStringLiteral("pageFrame"));
    auto* const titleLabel = new QLabel(title, this);
    setRole(titleLabel, "title");
    context_->setObjectName(QStringLiteral("pageContext"));
    context_->setTextFormat(Qt::PlainText);
    setRole(context_, "secondary");
    context_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* const head = new QWidget(this);
    head->setProperty("primaryFirst", true); // for Tab
    head->setFixedHeight(std::max(pageHeaderHeight, 2 * titleLabel->fontMetrics().height()));
    head->setLayout(header_);
    header_->setContentsMargins(pageMargin, 0, pageMargin - 4, 0);
    header_->setSpacing(8);
    header_->addWidget(titleLabel);
    header_->addSpacing(8);
    header_->addWidget(context_, 1);
    header_->addWidget(foldDrawer_);
    header_->addWidget(foldInspector_);
    foldDrawer_->hide();
    foldInspector_->hide();
    foldDrawer_->setObjectName(QStringLiteral("foldDrawer"));
    foldInspector_->setObjectName(QStringLiteral("foldInspector"));
    foldDrawer_->setCheckable(true);
    foldInspector_->setCheckable(true);

    rows_->setHandleWidth(1);
    columns_->setHandleWidth(1);
    columns_->addWidget(rows_);
    columns_->setStretchFactor(0, 1);
    columns_->setChildrenCollapsible(false);
    rows_->setChildrenCollapsible(false);
    auto* const rule = new QFrame(this);
    rule->setProperty("rule", true);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(head);
    column->addWidget(rule);
    column->addWidget(columns_, 1);
    banner_->installEventFilter(this);
    rows_->installEventFilter(this);
    connect(foldInspector_, &QToolButton::clicked, this, [this](bool shown) {
        inspectorByHand_ = shown;
        withInspector_ = 0;
    });
    connect(foldDrawer_, &QToolButton::clicked, this, [this](bool shown) { drawerByHand_ = shown; });
    connect(foldInspector_, &QToolButton::toggled, this, [this](bool shown) { inspector_->setVisible(shown); });
    connect(foldDrawer_, &QToolButton::toggled, this, [this](bool shown) { drawer_->setVisible(shown); });
}

void PageFrame::placeBanner()
{
    // Of the content's width: the inspector, whose buttons may be what helps, stays free.
    const int width = std::max(banner_->minimumSizeHint().width(), rows_->width() - 2 * pageMargin);
    const int height = banner_->layout()->hasHeightForWidth() ? banner_->layout()->totalHeightForWidth(width)
                                                              : banner_->sizeHint().height();
    const auto lower = rows_->mapTo(this, QPoint(0, rows_->height())).y();
    banner_->setGeometry(pageMargin, lower - height - pageMargin, width, height);
    // Else the text can keep the height that it had before.
    banner_->layout()->setGeometry(banner_->contentsRect().adjusted(0, 0, 0, 1));
    banner_->layout()->setGeometry(banner_->contentsRect());
    banner_->raise();
}

bool PageFrame::eventFilter(QObject* watched, QEvent* event)
{
    const auto type = event->type();
    if (type == QEvent::Show || type == QEvent::Resize || (watched == banner_ && type == QEvent::LayoutRequest))
        placeBanner();
    return QWidget::eventFilter(watched, event);
}

void PageFrame::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    placeBanner();
}

void PageFrame::setContext(const QString& context)
{
    context_->setText(context);
    context_->setToolTip(toolTipOf(context));
    context_->setAccessibleDescription(context);
}

QAction* PageFrame::addAction(const QString& text, const QString& drawing, const QString& help, bool primary)
{
    auto* const action = new QAction(primary ? iconOnAccent(drawing) : icon(drawing), text, this);
    action->setToolTip(help);
    addActionWidget(new ActionButton(action, primary, this));
    return action;
}

void PageFrame::addActionWidget(QWidget* widget)
{
    header_->insertWidget(header_->indexOf(foldDrawer_), widget);
}

void PageFrame::setContent(QWidget* content)
{
    rows_->insertWidget(0, content);
    rows_->setStretchFactor(0, 1);
}

void PageFrame::setInspector(QWidget* inspector)
{
    inspector_ = new QFrame(this);
    inspector_->setObjectName(QStringLiteral("inspector"));
    auto* const column = new QVBoxLayout(inspector_);
    column->setContentsMargins(pageMargin, 12, pageMargin, 12);
    column->addWidget(inspector);
    const auto width = std::max(inspectorWidth, inspectorCharacters * fontMetrics().averageCharWidth());
    inspector_->setMinimumWidth(width);
    inspector_->setMaximumWidth(width * 3 / 2);
    columns_->addWidget(inspector_);
    columns_->setStretchFactor(1, 0);
    foldInspector_->setChecked(true);
    foldInspector_->show();
}

void PageFrame::setDrawer(QWidget* drawer, int height, DrawerHeight kind)
{
    drawer_ = new QFrame(this);
    drawer_->setObjectName(QStringLiteral("drawer"));
    auto* const column = new QVBoxLayout(drawer_);
    column->setContentsMargins(pageMargin, 4, pageMargin, 4);
    column->addWidget(drawer);
    rows_->addWidget(drawer_);
    const bool fixed = kind == DrawerHeight::Fixed;
    rows_->setStretchFactor(1, fixed ? 0 : 1);
    rows_->setSizes({fixed ? 10000 : usualRows - height, height});
    foldDrawer_->setChecked(true);
    foldDrawer_->show();
}

void PageFrame::setDrawerVisible(bool visible)
{
    foldDrawer_->setChecked(visible);
    drawer_->setVisible(visible);
}

void PageFrame::setRoom(int width)
{
    room_ = width;
    fitInspector();
}

void PageFrame::fitInspector()
{
    if (inspector_ == nullptr || room_ == 0 || !isVisible())
        return;
    if (!inspector_->isHidden()) {
        const int needed = minimumSizeHint().width();
        if (inspectorByHand_ == true || needed <= room_)
            return;
        setInspectorVisible(false);
        withInspector_ = needed;
    } else if (withInspector_ > 0 && withInspector_ <= room_) {
        setInspectorVisible(true);
    }
}

void PageFrame::setInspectorVisible(bool visible)
{
    withInspector_ = 0;
    foldInspector_->setChecked(visible);
    inspector_->setVisible(visible);
}

QByteArray PageFrame::arrangement() const
{
    const auto number = [](const std::optional<bool>& shown) { return shown ? (*shown ? 1 : 0) : -1; };
    QByteArray bytes;
    QDataStream stream(&bytes, QIODevice::WriteOnly);
    stream.setVersion(QDataStream::Qt_6_0);
    stream << columns_->saveState() << rows_->saveState() << number(inspectorByHand_) << number(drawerByHand_);
    return bytes;
}

void PageFrame::setArrangement(const QByteArray& state)
{
    QDataStream stream(state);
    stream.setVersion(QDataStream::Qt_6_0);
    QByteArray columns, rows;
    int inspector = -1, drawer = -1;
    stream >> columns >> rows >> inspector >> drawer;
    if (stream.status() != QDataStream::Ok)
        return;
    columns_->restoreState(columns);
    rows_->restoreState(rows);
    if (inspector >= 0 && inspector_ != nullptr) {
        inspectorByHand_ = inspector == 1;
        if (!*inspectorByHand_) // else it is open where there is something to inspect
            setInspectorVisible(false);
    }
    if (drawer >= 0 && drawer_ != nullptr) {
        drawerByHand_ = drawer == 1;
        setDrawerVisible(*drawerByHand_);
    }
}

} // namespace nanodit
