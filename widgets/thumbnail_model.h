#pragma once

#include "widgets/state_marks.h"

#include <QAbstractListModel>
#include <QCache>
#include <QImage>
#include <QSet>
#include <QSortFilterProxyModel>

#include <array>
#include <vector>

namespace nanodit {

/// A record as the grid shows it.
struct ThumbnailItem {
    QString id;
    QString caption;
    QString badge;                    ///< The bucket, "1216x832".
    QString problem;                  ///< A sentence, or empty.
    std::array<MarkState, 4> marks{}; ///< t5, vae, dino, patches.
};

/// Names of the marks, in their order.
inline constexpr std::array<const char*, 4> markNames = {"t5", "vae", "dino", "patches"};

/// Records and their thumbnails. A thumbnail is asked for when it is first drawn; the newest few hundred are kept.
class ThumbnailModel : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role { IdRole = Qt::UserRole, CaptionRole, BadgeRole, ProblemRole, MarksRole, ThumbnailRole };
    explicit ThumbnailModel(QObject* parent = nullptr);

    /// Keeps the thumbnails of ids that stay.
    void setItems(std::vector<ThumbnailItem> items);
    const std::vector<ThumbnailItem>& items() const { return items_; }
    int rowOf(const QString& id) const; ///< -1 when there is none.
    void setThumbnail(const QString& id, const QImage& thumbnail);
    /// Forgets all thumbnails, so that they are asked for again.
    void forgetThumbnails();

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

Q_SIGNALS:
    void thumbnailWanted(const QString& id) const;

private:
    std::vector<ThumbnailItem> items_;
    QHash<QString, int> rows_;
    mutable QCache<QString, QImage> thumbnails_{600};
    mutable QSet<QString> asked_;
};

/// What of the records is shown: those whose id or caption holds every word, of a bucket, with a problem. Its source is
/// a ThumbnailModel.
class ThumbnailFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit ThumbnailFilter(QObject* parent = nullptr);
    void setText(const QString& words);
    void setBadge(const QString& badge); ///< Empty: every bucket.
    void setProblemsOnly(bool only);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList words_;
    QString badge_;
    bool problemsOnly_ = false;
};

} // namespace nanodit

Q_DECLARE_METATYPE(nanodit::ThumbnailItem)
