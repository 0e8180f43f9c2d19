#include "widgets/job_bar.h"

#include "widgets/colours.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/icons.h"
#include "widgets/key_guard.h"
#include "widgets/progress_share.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QProgressBar>
#include <QToolButton>

#include <algorithm>

namespace nanodit {

namespace {

/// What a screen reader is told of it, beside its buttons: a button with the progress as its value.
class JobBarInterface : public QAccessibleWidget {
public:
    explicit JobBarInterface(JobBar* bar)
        : QAccessibleWidget(bar)
    {
    }

    QAccessible::Role role() const override { return opens() ? QAccessible::Button : QAccessible::Grouping; }
    QString text(QAccessible::Text kind) const override
    {
        return kind == QAccessible::Value && job() != nullptr ? job()->said() : QAccessibleWidget::text(kind);
    }
    QStringList actionNames() const override
    {
        auto names = QAccessibleWidget::actionNames();
        if (opens())
            names.prepend(pressAction());
        return names;
    }
    void doAction(const QString& name) override
    {
        if (name == pressAction() && opens())
            Q_EMIT job()->opened();
        else
            QAccessibleWidget::doAction(name);
    }

private:
    JobBar* job() const { return qobject_cast<JobBar*>(object()); } ///< None while it is being destroyed.
    bool opens() const { return job() != nullptr && job()->opens(); }
};

QAccessibleInterface* jobBarInterface(const QString&, QObject* object)
{
    auto* const bar = qobject_cast<JobBar*>(object);
    return bar == nullptr ? nullptr : new JobBarInterface(bar);
}

} // namespace

JobBar::JobBar(const QString& name, QWidget* parent)
    : QWidget(parent)
    , name_(new FittedLabel(name, this))
    , stage_(new FittedLabel(this))
    , bar_(new QProgressBar(this))
    , numbers_(new FittedLabel(this))
    , pause_(makeFlatButton(QStringLiteral("pause"), tr("Pause %1").arg(name), this))
    , stop_(makeFlatButton(QStringLiteral("stop"), tr("Stop %1").arg(name), this))
{
    pause_->setObjectName(QStringLiteral("jobPause"));
    stop_->setObjectName(QStringLiteral("jobStop"));
    numbers_->setObjectName(QStringLiteral("jobNumbers"));
    setRole(name_, "section");
    setRole(stage_, "secondary");
    numbers_->setFont(tabularFont(numbers_->font()));
    bar_->setTextVisible(false);
    bar_->setFixedWidth(140);
    bar_->setRange(0, 0);
    bar_->setAccessibleName(tr("Progress of %1").arg(name));
    [[maybe_unused]] static const bool installed = (QAccessible::installFactory(jobBarInterface), true);
    setAccessibleName(name);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::TabFocus); // the mouse goes on to what it opens
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(4, 0, 2, 0); // within the frame of the focus
    row->setSpacing(8);
    row->addWidget(name_);
    row->addWidget(stage_);
    row->addWidget(bar_);
    row->addWidget(numbers_, 1);
    row->addWidget(pause_);
    row->addWidget(stop_);
    connect(pause_, &QToolButton::clicked, this, [this] {
        if (paused_)
            Q_EMIT resumeRequested();
        else
            Q_EMIT pauseRequested();
    });
    connect(stop_, &QToolButton::clicked, this, &JobBar::stopRequested);
}

void JobBar::setProgress(const Progress& progress, const QString& stage, const QString& numbers)
{
    if (stopping_)
        return;
    stage_->setText(stage);
    setToolTip(toolTipOf(stage + QLatin1Char('\n') + numbers));
    setAccessibleDescription(stage + QStringLiteral(", ") + numbers);
    const bool known = progress.total > 0;
    showShare(*bar_, progress.done, progress.total);
    share_ = known ? static_cast<double>(progress.done) / static_cast<double>(progress.total) : -1;
    progress_ = numbers;
    showNumbers();
}

/// "812/2000 steps · 2.6 steps/s · 7:41 left", "812/2000 steps · 7:41 left", "7:41 left", "40 %"
QStringList JobBar::wordings() const
{
    QStringList all = {progress_};
    const auto parts = progress_.split(QStringLiteral(" · "));
    if (parts.size() > 2)
        all << parts.front() + QStringLiteral(" · ") + parts.back();
    if (parts.size() > 1)
        all << parts.back();
    if (share_ >= 0)
        all << tr("%1 %").arg(static_cast<int>(100 * share_));
    return all;
}

void JobBar::showNumbers()
{
    auto texts = parts_ == Parts::Controls ? QStringList{QString()} : wordings();
    if (stopping_)
        texts = {tr("stopping…")};
    else if (paused_) {
        for (auto& text : texts)
            text = text.isEmpty() ? tr("paused") : tr("paused · %1").arg(text);
        texts << tr("paused");
    }
    numbers_->setWordings(texts);
    // Where it takes as much room as it needs, the buttons behind it stay put.
    if (parts_ == Parts::Numbers || parts_ == Parts::Controls)
        numbers_->setMinimumWidth(std::max(numbers_->minimumWidth(), numbers_->sizeHint().width()));
    else if (parts_ == Parts::All) // a long name gives way before the shortest of them does
        numbers_->setMinimumWidth(std::max(numbers_->fontMetrics().horizontalAdvance(texts.back()),
                                           numbers_->fontMetrics().horizontalAdvance(tr("%1 %").arg(100))));
    else
        numbers_->setMinimumWidth(0);
}

void JobBar::setPaused(bool paused)
{
    paused_ = paused;
    pause_->setIcon(icon(paused ? QStringLiteral("play") : QStringLiteral("pause")));
    pause_->setToolTip(paused ? tr("Resume %1").arg(name_->text()) : tr("Pause %1").arg(name_->text()));
    pause_->setAccessibleName(pause_->toolTip());
    setRole(numbers_, paused ? "secondary" : "");
    showNumbers();
}

void JobBar::setStopping()
{
    stopping_ = true;
    stage_->clear();
    bar_->setRange(0, 0);
    showNumbers();
    pause_->setEnabled(false);
    stop_->setEnabled(false);
}

void JobBar::setParts(Parts parts)
{
    name_->setVisible(parts == Parts::All || parts == Parts::Compact);
    stage_->setVisible(parts == Parts::All);
    bar_->setVisible(parts != Parts::Controls);
    parts_ = parts;
    showNumbers();
    bar_->setFixedWidth(parts == Parts::Compact ? 80 : 140);
    setFocusPolicy(opens() ? Qt::TabFocus : Qt::NoFocus);
    if (!opens())
        unsetCursor();
}

bool JobBar::opens() const
{
    return parts_ == Parts::All || parts_ == Parts::Compact; // its name is shown
}

QString JobBar::said() const
{
    QStringList parts;
    if (stopping_ || paused_)
        parts << (stopping_ ? tr("stopping…") : tr("paused"));
    for (const auto& part : {stage_->text(), progress_}) {
        if (!part.isEmpty())
            parts << part;
    }
    return parts.join(QStringLiteral(" · "));
}

void JobBar::paintEvent(QPaintEvent*)
{
    if (!hasFocus())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(themeColours().accent, 1));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
}

void JobBar::keyPressEvent(QKeyEvent* event)
{
    if (!opens() || !isPressingKey(*event))
        return QWidget::keyPressEvent(event);
    Q_EMIT opened();
}

bool JobBar::event(QEvent* event)
{
    // Space is a command of some pages: here it comes as a key.
    if (event->type() == QEvent::ShortcutOverride && opens() && isPressingKey(*static_cast<QKeyEvent*>(event))) {
        event->accept();
        return true;
    }
    return QWidget::event(event);
}

void JobBar::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton && opens() && rect().contains(event->position().toPoint()))
        Q_EMIT opened();
}

} // namespace nanodit
