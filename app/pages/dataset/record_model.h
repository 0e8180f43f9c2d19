#pragma once

#include "app/record_item.h"
#include "app/session.h"
#include "core/front/runs.h"
#include "widgets/state_marks.h"

#include <QAbstractTableModel>
#include <QCache>
#include <QImage>
#include <QSet>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nanodit {

/// What conditions are worth to a model, by record: those that were measured.
struct RecordWorth {
    QString model; ///< "mine, step 2000"
    std::unordered_map<std::string, PictureWorth> pictures;

    /// Null where nothing was measured.
    static std::shared_ptr<const RecordWorth> of(const std::optional<ConditionWorth>& worth);
    const PictureWorth* find(const std::string& id) const;
    bool operator==(const RecordWorth&) const = default;
};
using WorthValue = std::shared_ptr<const RecordWorth>;

/// Which of the records are shown, in which order.
struct ArrangedRecords {
    RecordsValue all;
    std::vector<std::uint32_t> shown; ///< Places in `all`, by row.
    std::vector<std::int32_t> rows;   ///< By place in `all`; -1: not shown.
    WorthValue worth = {};            ///< Null: none was measured.
};

/// Records for the grid and the table. Holds no copy of them: what a view draws is made when it asks. Thumbnails are
/// asked for when they are first drawn; the newest few hundred are kept. Edits are wishes that it passes on; it shows
/// them when they are in the catalog.
class RecordModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column {
        IdColumn,
        CaptionColumn,
        BucketColumn,
        SplitColumn,
        TagsColumn,
        OriginalColumn,
        ArraysColumn,
        RemarkColumn,
        LossColumn, ///< From here on numbers of a model, as far as there are some.
        CaptionGainColumn,
        PatchGainColumn,
        columns
    };
    explicit RecordModel(QObject* parent = nullptr);

    /// Where only facts of records are others and the rows are the same, selection and scrolling stay.
    void show(ArrangedRecords arranged);
    const RecordInfo* record(int row) const; ///< Null beyond the rows.
    int rowOf(const QString& id) const;      ///< -1 when it is not shown.
    /// The same; at once where it has this place among all records.
    int rowOf(const std::string& id, std::size_t likelyPlace) const;
    const ArrangedRecords& arranged() const { return arranged_; }
    bool hasWorth() const { return arranged_.worth != nullptr; }
    bool hasTags() const;    ///< Any record that is shown.
    bool hasRemarks() const; ///< Any record that is shown.
    void setThumbnail(const QString& id, const QImage& thumbnail);
    /// It was asked for, but will not come: it is asked for again when it is drawn.
    void dropThumbnail(const QString& id) { asked_.remove(id); }
    void forgetThumbnails();

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

Q_SIGNALS:
    void thumbnailWanted(const QString& id) const;
    void captionEdited(const QString& id, const QString& caption);
    void splitEdited(const QString& id, const QString& split);
    void tagsEdited(const QString& id, const QStringList& tags);

private:
    QVariant text(const RecordInfo& record, int column) const;
    QVariant picture(const RecordInfo& record) const;
    void findOutdated(const std::vector<RecordInfo>& records);

    ArrangedRecords arranged_;
    mutable QCache<QString, QImage> thumbnails_{600};
    mutable QSet<QString> asked_;
    mutable QSet<QString> outdated_; ///< Kept, but to be asked for again.
};

/// The number of a column of RecordModel; empty where there is none.
std::optional<double> worthIn(RecordModel::Column column, const PictureWorth* worth);
QString tagsText(const std::vector<std::string>& tags);
/// "night, city" as a list: blanks around tags and empty ones left out.
QStringList tagsFromText(const QString& text);
QString inputText(ArrayInput input); ///< "the caption"
/// What an array is stale because of: "the caption and the bucket (64x64 before, 96x48 now)"; empty when it is not.
QString reasonsText(const std::vector<InputChange>& changes);
/// The one line to say of a record: why it is excluded, its problem, or what is stale and why; empty when all is well.
QString remarkOf(const RecordInfo& record);

} // namespace nanodit
