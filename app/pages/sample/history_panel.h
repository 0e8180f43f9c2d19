#pragma once

#include "app/sampled_picture.h"

#include <QWidget>

#include <optional>
#include <vector>

class QLineEdit;
class QPushButton;
class QToolButton;

namespace nanodit {

class FilmModel;
class Filmstrip;

/// The pictures that were generated in a workspace, newest first: a strip with a search line, favourites and notes.
class HistoryPanel : public QWidget {
    Q_OBJECT

public:
    static constexpr int height = 164;
    explicit HistoryPanel(QWidget* parent = nullptr);

    void setPictures(std::vector<SampledPicture> pictures);
    bool empty() const { return pictures_.empty(); }
    /// Null when it is not there. Valid until the next change.
    const SampledPicture* find(const QString& file) const;
    const SampledPicture* newest() const { return pictures_.empty() ? nullptr : &pictures_.front(); }
    /// Reduces the picture; it is listed whatever is searched for, until the search changes.
    void insert(int place, SampledPicture picture);
    /// The picture and its place among all of them.
    std::optional<std::pair<SampledPicture, int>> remove(const QString& file);

    /// The strip's current picture. Without telling of it.
    void setCurrent(const QString& file);
    QString current() const; ///< Empty: none.
    /// The files that are selected, in the order of the strip.
    QStringList selected() const;
    bool stripHasFocus() const;
    /// A note that is being written counts as it is now.
    void finishEditing();
    /// The prompts that were generated from last, newest first, each once.
    QStringList prompts(qsizetype most) const;

Q_SIGNALS:
    void chosen(const QString& file);
    /// Double-clicked: its settings are wanted.
    void opened(const QString& file);
    void compareWanted(const QStringList& files);
    void copyWanted();
    void noteChanged(const QString& file, const nanodit::PaintingNote& note);

private:
    QWidget* makeBar();
    bool matches(const SampledPicture& picture) const;
    void list();
    void showNote();
    void changeNote(const QString& file, const PaintingNote& note);

    std::vector<SampledPicture> pictures_; ///< Newest first, reduced.
    QLineEdit *search_, *note_;
    QString noteOf_; ///< The picture whose note stands there: another one may have become the current one since.
    QToolButton *onlyFavourites_, *favourite_, *copy_;
    QPushButton* compare_;
    FilmModel* film_;
    Filmstrip* strip_;
};

} // namespace nanodit
