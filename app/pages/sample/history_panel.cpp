#include "app/pages/sample/history_panel.h"

#include "widgets/commands.h"
#include "widgets/factories.h"
#include "widgets/filmstrip.h"
#include "widgets/icons.h"
#include "widgets/picture.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int searchWidth = 240, noteWidth = 240;
}

HistoryPanel::HistoryPanel(QWidget* parent)
    : QWidget(parent)
    , film_(new FilmModel(this))
    , strip_(new Filmstrip(this))
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar());
    column->addWidget(strip_, 1);
    strip_->setModel(film_);
    strip_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    strip_->setEmptyText(tr("Every generated picture is kept here with its settings"));

    connect(strip_, &Filmstrip::frameChosen, this, [this](const QString& file) {
        showNote();
        Q_EMIT chosen(file);
    });
    connect(strip_, &Filmstrip::activated, this,
            [this](const QModelIndex& index) { Q_EMIT opened(index.data(FilmModel::KeyRole).toString()); });
    connect(strip_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &HistoryPanel::showNote);
    connect(film_, &QAbstractItemModel::modelReset, this, &HistoryPanel::showNote);
    connect(search_, &QLineEdit::textChanged, this, &HistoryPanel::list);
    connect(onlyFavourites_, &QToolButton::toggled, this, &HistoryPanel::list);
    connect(note_, &QLineEdit::editingFinished, this, &HistoryPanel::finishEditing);
    connect(favourite_, &QToolButton::clicked, this, [this](bool on) {
        if (const auto* const picture = find(current())) {
            auto note = picture->note;
            note.favourite = on;
            changeNote(picture->file, note);
        }
    });
    connect(copy_, &QToolButton::clicked, this, &HistoryPanel::copyWanted);
    connect(compare_, &QPushButton::clicked, this, [this] { Q_EMIT compareWanted(selected()); });
    showNote();
}

QWidget* HistoryPanel::makeBar()
{
    auto* const bar = new QWidget(this);
    search_ = new QLineEdit(bar);
    search_->setObjectName(QStringLiteral("historySearch"));
    search_->setAccessibleName(tr("Search the history"));
    search_->setPlaceholderText(tr("Search prompts, models and notes"));
    search_->setClearButtonEnabled(true);
    search_->setMaximumWidth(searchWidth);
    onlyFavourites_ = makeFlatButton(QStringLiteral("star"), tr("Only favourites"), bar);
    onlyFavourites_->setObjectName(QStringLiteral("onlyFavourites"));
    onlyFavourites_->setCheckable(true);
    compare_ = makeButton(tr("Compare"), QStringLiteral("compare"),
                          tr("Compare the selected pictures (C); Ctrl+click selects more than one"), false, bar);
    compare_->setObjectName(QStringLiteral("compareSelected"));
    note_ = new QLineEdit(bar);
    note_->setObjectName(QStringLiteral("historyNote"));
    note_->setAccessibleName(tr("Note on the picture"));
    note_->setPlaceholderText(tr("Note on this picture"));
    note_->setMaximumWidth(noteWidth);
    favourite_ = makeFlatButton(QStringLiteral("star"), tr("Favourite (S)"), bar);
    favourite_->setObjectName(QStringLiteral("favourite"));
    (new Commands(this))->add(Qt::Key_S, tr("make the picture a favourite"), [this] { favourite_->click(); });
    favourite_->setCheckable(true);
    copy_ = makeFlatButton(QStringLiteral("copy"), tr("Copy the picture (Ctrl+C)"), bar);
    copy_->setObjectName(QStringLiteral("copyPicture"));
    auto* const row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 4, 0, 4); // the strip below begins at the same place
    row->setSpacing(8);
    row->addWidget(search_, 1);
    row->addWidget(onlyFavourites_);
    row->addWidget(compare_);
    row->addStretch(1);
    row->addWidget(note_, 1);
    row->addWidget(favourite_);
    row->addWidget(copy_);
    return bar;
}

void HistoryPanel::setPictures(std::vector<SampledPicture> pictures)
{
    pictures_ = std::move(pictures);
    list();
}

const SampledPicture* HistoryPanel::find(const QString& file) const
{
    const auto found = std::ranges::find(pictures_, file, &SampledPicture::file);
    return found == pictures_.end() ? nullptr : &*found;
}

void HistoryPanel::insert(int place, SampledPicture picture)
{
    picture.picture = reducedTo(picture.picture, Filmstrip::keptSide);
    place = std::clamp(place, 0, static_cast<int>(pictures_.size()));
    // In the strip it stands before the first listed picture of those behind it.
    int row = film_->rowCount();
    for (auto behind = pictures_.begin() + place; behind != pictures_.end(); ++behind) {
        if (const int listed = film_->rowOf(behind->file); listed >= 0) {
            row = listed;
            break;
        }
    }
    film_->insert(row, {.key = picture.file,
                        .picture = picture.picture,
                        .caption = picture.caption,
                        .marked = picture.note.favourite});
    pictures_.insert(pictures_.begin() + place, std::move(picture));
}

std::optional<std::pair<SampledPicture, int>> HistoryPanel::remove(const QString& file)
{
    const auto found = std::ranges::find(pictures_, file, &SampledPicture::file);
    if (found == pictures_.end())
        return std::nullopt;
    std::pair removed(std::move(*found), static_cast<int>(found - pictures_.begin()));
    pictures_.erase(found);
    film_->remove(file); // the one beside it is shown
    showNote();
    return removed;
}

void HistoryPanel::setCurrent(const QString& file)
{
    const QSignalBlocker quiet(strip_);
    strip_->setCurrentIndex(film_->index(film_->rowOf(file)));
    showNote();
}

QString HistoryPanel::current() const
{
    return strip_->currentIndex().data(FilmModel::KeyRole).toString();
}

QStringList HistoryPanel::selected() const
{
    auto rows = strip_->selectionModel()->selectedIndexes();
    std::ranges::sort(rows, {}, &QModelIndex::row);
    QStringList files;
    for (const auto& row : rows)
        files << row.data(FilmModel::KeyRole).toString();
    return files;
}

bool HistoryPanel::stripHasFocus() const
{
    return strip_->hasFocus();
}

QStringList HistoryPanel::prompts(qsizetype most) const
{
    QStringList last;
    for (const auto& picture : pictures_) {
        if (last.size() >= most)
            break;
        if (!picture.request || picture.request->textRecord)
            continue;
        const auto prompt = QString::fromStdString(picture.request->prompt);
        if (!prompt.isEmpty() && !last.contains(prompt))
            last << prompt;
    }
    return last;
}

bool HistoryPanel::matches(const SampledPicture& picture) const
{
    if (onlyFavourites_->isChecked() && !picture.note.favourite)
        return false;
    const auto all = QStringList{picture.caption, picture.model, QString::fromStdString(picture.note.text),
                                 QFileInfo(picture.file).fileName()}
                         .join(QLatin1Char('\n'));
    return std::ranges::all_of(search_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts),
                               [&all](const QString& word) { return all.contains(word, Qt::CaseInsensitive); });
}

void HistoryPanel::list()
{
    const auto before = current();
    std::vector<FilmFrame> frames;
    for (const auto& picture : pictures_) {
        if (matches(picture))
            frames.push_back({.key = picture.file,
                              .picture = picture.picture,
                              .caption = picture.caption,
                              .marked = picture.note.favourite});
    }
    strip_->setEmptyText(pictures_.empty() ? tr("Every generated picture is kept here with its settings")
                                           : tr("No generated picture matches"));
    film_->setFrames(std::move(frames));
    if (film_->rowOf(before) >= 0)
        setCurrent(before);
}

void HistoryPanel::showNote()
{
    const auto* const picture = find(current());
    for (QWidget* const part :
         {static_cast<QWidget*>(note_), static_cast<QWidget*>(favourite_), static_cast<QWidget*>(copy_)})
        part->setEnabled(picture != nullptr);
    const auto note = picture != nullptr ? picture->note : PaintingNote{};
    if (!note_->hasFocus() || !note_->isModified()) {
        note_->setText(QString::fromStdString(note.text));
        noteOf_ = current();
    }
    favourite_->setChecked(note.favourite);
    favourite_->setIcon(icon(note.favourite ? QStringLiteral("star-filled") : QStringLiteral("star")));
    compare_->setEnabled(strip_->selectionModel() != nullptr && strip_->selectionModel()->selectedIndexes().size() > 1);
}

void HistoryPanel::finishEditing()
{
    const bool typed = note_->isModified();
    note_->setModified(false);
    if (const auto* const picture = typed ? find(noteOf_) : nullptr) {
        auto note = picture->note;
        note.text = note_->text().trimmed().toStdString();
        changeNote(picture->file, note);
    }
    showNote();
}

void HistoryPanel::changeNote(const QString& file, const PaintingNote& note)
{
    const auto found = std::ranges::find(pictures_, file, &SampledPicture::file);
    if (found == pictures_.end() || found->note == note)
        return;
    found->note = note;
    film_->setMarked(found->file, note.favourite);
    showNote();
    Q_EMIT noteChanged(found->file, note);
}

} // namespace nanodit
