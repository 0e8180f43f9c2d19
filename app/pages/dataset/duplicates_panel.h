#pragma once

#include "core/front/curation.h"
#include "core/front/data.h"

#include <QWidget>

class QPushButton;
class QTreeWidget;

namespace nanodit {

class FittedColumns;
class JobRunner;
class Session;
class WorkHead;

/// Pictures that are there twice: which stays, and what found the pair. A click on either name shows that record.
class DuplicatesPanel : public QWidget {
    Q_OBJECT

public:
    explicit DuplicatesPanel(Session& session, QWidget* parent = nullptr);
    void show(const DuplicatesReport& report);
    /// They are being looked for; told until the job ends.
    void follow(JobRunner* runner);
    void clear();
    void setFree(bool free);
    /// Which of them take part now; records were edited.
    void showStates();

Q_SIGNALS:
    void findWanted();
    /// Exclude these, which take part still.
    void excludeWanted(const std::vector<nanodit::DuplicatePair>& pairs);
    void recordChosen(const QString& id);

private:
    bool takesPart(const DuplicatePair& pair) const; ///< Both of its records do.

    Session& session_;
    WorkHead* head_;
    QPushButton *find_, *exclude_;
    QTreeWidget* table_;
    FittedColumns* columns_;
    DuplicatesReport report_;
    bool verdict_ = false; ///< The sentence is about the report, not about how a search ended.
};

} // namespace nanodit
