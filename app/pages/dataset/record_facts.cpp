#include "app/pages/dataset/record_facts.h"

#include "widgets/theme.h"
#include "widgets/thumbnail_model.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPainter>

namespace nanodit {

namespace {

QPixmap markPixmap(MarkState state, const Colours& colours)
{
    QPixmap drawn(12, 12);
    drawn.fill(Qt::transparent);
    QPainter painter(&drawn);
    paintStateMark(painter, {1, 1, 10, 10}, state, colours);
    return drawn;
}

QString sizeText(ImageSize size)
{
    return QStringLiteral("%1 × %2 px").arg(size.width).arg(size.height);
}

} // namespace

MarkState markOf(ArrayState state)
{
    switch (state) {
    case ArrayState::Whole:
        return MarkState::Whole;
    case ArrayState::Stale:
        return MarkState::Stale;
    case ArrayState::Wrong:
        return MarkState::Wrong;
    case ArrayState::Missing:
        break;
    }
    return MarkState::Missing;
}

RecordFacts::RecordFacts(QWidget* parent)
    : QWidget(parent)
{
    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(6);
    caption_ = new QLabel(this);
    caption_->setWordWrap(true);
    caption_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    problem_ = new QLabel(this);
    problem_->setWordWrap(true);
    setRole(problem_, "problem");
    grid->addWidget(caption_, 0, 0, 1, 3);
    grid->addWidget(problem_, 1, 0, 1, 3);
    int line = 2;
    const auto fact = [&](const QString& name) {
        auto* const label = new QLabel(name, this);
        setRole(label, "secondary");
        auto* const value = new QLabel(this);
        value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        grid->addWidget(label, line, 0);
        grid->addWidget(value, line, 1, 1, 2);
        ++line;
        return value;
    };
    id_ = fact(tr("Record"));
    id_->setFont(monospaceFont(id_->font()));
    split_ = fact(tr("Split"));
    sizes_ = fact(tr("Original"));
    sizes_->setWordWrap(true);
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        auto* const name = new QLabel(QString::fromLatin1(markNames[i]), this);
        setRole(name, "secondary");
        marks_[i] = new QLabel(this);
        states_[i] = new QLabel(this);
        grid->addWidget(name, line, 0);
        grid->addWidget(marks_[i], line, 1);
        grid->addWidget(states_[i], line, 2);
        ++line;
    }
    grid->setColumnStretch(2, 1);
    clear();
}

void RecordFacts::showRecord(const RecordInfo& record)
{
    caption_->setText(record.caption.empty() ? tr("no caption") : QString::fromStdString(record.caption));
    problem_->setText(QString::fromStdString(record.problem));
    problem_->setVisible(!record.problem.empty());
    id_->setText(QString::fromStdString(record.id));
    split_->setText(record.split == "val" ? tr("validation") : tr("training"));
    sizes_->setText(
        tr("%1  →  bucket %2").arg(sizeText(record.original), QString::fromStdString(bucketName(record.bucket))));
    for (std::size_t i = 0; i < marks_.size(); ++i)
        shown_[i] = markOf(record.arrays[i]);
    paintMarks();
    setVisible(true);
}

void RecordFacts::clear()
{
    setVisible(false);
}

void RecordFacts::paintMarks()
{
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        marks_[i]->setPixmap(markPixmap(shown_[i], themeColours()));
        states_[i]->setText(markStateName(shown_[i]));
    }
}

void RecordFacts::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        paintMarks();
}

} // namespace nanodit
