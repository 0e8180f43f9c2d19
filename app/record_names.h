#pragma once

#include "app/session.h"

#include <QAbstractListModel>

#include <cstdint>
#include <vector>

class QComboBox;

namespace nanodit {

/// Records as a list to choose one from: "id · caption", those of the split "val" first, which models have not seen.
/// Other entries can stand before them.
/// Makes a name when it is drawn, so that a hundred thousand records cost a list no more than three.
class RecordNames : public QAbstractListModel {
    Q_OBJECT

public:
    explicit RecordNames(QObject* parent = nullptr);
    enum Role { Id = Qt::UserRole, File };
    struct Entry {
        QString text;
        QString file{}; ///< Role File; other entries have none.
    };

    /// Lets a box list them. Its rows are as high as the first: each measured by itself, a hundred thousand would take
    /// seconds when the list opens.
    void listIn(QComboBox& box);
    void setRecords(RecordsValue records);
    void setFirst(std::vector<Entry> entries);
    const std::vector<Entry>& first() const { return first_; }
    int rowOf(const QString& id) const; ///< -1 when there is none.

    int rowCount(const QModelIndex& parent = {}) const override;
    /// Id: empty for entries that are no records.
    QVariant data(const QModelIndex& index, int role) const override;

private:
    std::vector<Entry> first_;
    RecordsValue records_;
    std::vector<std::uint32_t> order_; ///< Places in records_, by row after the first ones.
    std::vector<std::uint32_t> rows_;  ///< By place.
};

} // namespace nanodit
