#pragma once

#include "core/front/data.h"

#include <QToolButton>

class QMenu;

namespace nanodit {

/// A button with everything that records can be filtered by, each with how many records it would find: a way to write
/// a query without knowing its words. What is checked is what the query's text says.
class FilterMenu : public QToolButton {
    Q_OBJECT

public:
    explicit FilterMenu(QWidget* parent = nullptr);
    void setCounts(const RecordCounts& counts);
    void setQuery(const QString& query);

Q_SIGNALS:
    /// The query with a term added or taken out.
    void queryChanged(const QString& query);

private:
    void fill();
    void addTerm(QMenu* menu, const std::string& term, const QString& name, std::int64_t count);

    RecordCounts counts_;
    QString query_;
    QMenu* menu_;
};

} // namespace nanodit
