#pragma once

#include <QAbstractListModel>
#include <QImage>
#include <QListView>

#include <vector>

namespace nanodit {

/// One picture of a history, reduced to what is drawn of it, and a key that its owner knows it by.
struct FilmFrame {
    QString key;
    QImage picture;
    QString caption;
    bool marked = false; ///< Drawn with a star.
};

class FilmModel : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role { KeyRole = Qt::UserRole, PictureRole, MarkedRole };
    using QAbstractListModel::QAbstractListModel;
    void setFrames(std::vector<FilmFrame> frames);
    void insert(int row, FilmFrame frame);
    void remove(const QString& key);
    void setMarked(const QString& key, bool marked);
    int rowOf(const QString& key) const; ///< -1 when there is none.
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    std::vector<FilmFrame> frames_; ///< Newest first.
};

/// A row of pictures, newest at the left; arrows step through it.
class Filmstrip : public QListView {
    Q_OBJECT

public:
    static constexpr int pictureSide = 80;
    static constexpr int keptSide = 4 * pictureSide; ///< Of a frame's picture: a wide one at twice its drawn size.
    explicit Filmstrip(QWidget* parent = nullptr);
    void setEmptyText(const QString& text) { emptyText_ = text; }

Q_SIGNALS:
    void frameChosen(const QString& key);

protected:
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QString emptyText_;
};

} // namespace nanodit
