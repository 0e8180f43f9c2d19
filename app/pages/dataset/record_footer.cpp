#include "app/pages/dataset/record_footer.h"

#include "widgets/factories.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QToolButton>
#include <QUndoStack>

#include <chrono>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

constexpr auto toldTime = 8s;

} // namespace

RecordFooter::RecordFooter(QUndoStack* undo, QWidget* parent)
    : QWidget(parent)
    , counts_(new QLabel(this))
    , told_(new QLabel(this))
    , texts_(new QStackedWidget(this))
{
    counts_->setObjectName(QStringLiteral("recordCount"));
    setRole(counts_, "small");
    told_->setObjectName(QStringLiteral("recordTold"));
    told_->setFont(smallFont(told_->font()));
    told_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    texts_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    for (auto* const text : {counts_, told_}) {
        text->setTextFormat(Qt::PlainText); // names of records, captions
        texts_->addWidget(text);
    }
    toldFor_.setSingleShot(true);
    connect(&toldFor_, &QTimer::timeout, this, [this] { texts_->setCurrentWidget(counts_); });
    auto* const back = makeFlatButton(QStringLiteral("undo"), tr("Nothing to undo"), this);
    auto* const again = makeFlatButton(QStringLiteral("redo"), tr("Nothing to redo"), this);
    back->setObjectName(QStringLiteral("undoEdit"));
    again->setObjectName(QStringLiteral("redoEdit"));
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(4, 0, 12, 0);
    row->setSpacing(4);
    row->addWidget(texts_, 1);
    row->addWidget(back);
    row->addWidget(again);
    const auto follow = [undo, back, again] {
        back->setEnabled(undo->canUndo());
        again->setEnabled(undo->canRedo());
        back->setToolTip(undo->canUndo() ? toolTipOf(tr("Undo: %1 (Ctrl+Z)").arg(undo->undoText()))
                                         : tr("Nothing to undo"));
        again->setToolTip(undo->canRedo() ? toolTipOf(tr("Redo: %1 (Ctrl+Shift+Z)").arg(undo->redoText()))
                                          : tr("Nothing to redo"));
    };
    connect(undo, &QUndoStack::indexChanged, back, follow);
    connect(back, &QToolButton::clicked, undo, &QUndoStack::undo);
    connect(again, &QToolButton::clicked, undo, &QUndoStack::redo);
    follow();
}

void RecordFooter::setCounts(const QString& counts)
{
    counts_->setText(counts);
}

void RecordFooter::tell(const QString& what)
{
    told_->setText(told_->fontMetrics().elidedText(what, Qt::ElideRight, texts_->width()));
    told_->setToolTip(toolTipOf(what));
    texts_->setCurrentWidget(told_);
    toldFor_.start(toldTime);
}

} // namespace nanodit
