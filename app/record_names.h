#pragma once

#include "app/session.h"

#include <QAbstractListModel>

#include <cstdint>
#include <vector>

namespace nanodit {

/// Records as a list to choose one from: "id · caption", those of the split "val" first, which models have not seen.
/// Makes a name when it is drawn, so that a hundred thousand records cost a list no more than three.
class RecordNames : public QAbstractListModel {
    Q_OBJECT

public:
    explicit RecordNames(QObject* parent = nullptr);
    void setRecords(RecordsValue records);
    int rowOf(const QString& id) const; ///< -1 when there is none.

    int rowCount(const QModelIndex& parent = {}) const override;
    /// Qt::UserRole: the id.
    QVariant data(const QModelIndex& index, int role) const override;

private:
    RecordsValue records_;
    std::vector<std::uint32_t> order_; ///< Places in records_, by row.
    std::vector<std::uint32_t> rows_;  ///< By place.
};

} // namespace nanodit
