#pragma once

#include "app/background_queue.h"
#include "app/pages/validate/validation_view.h"
#include "app/validating.h"

#include <QWidget>

#include <functional>

class QLabel;
class QStackedWidget;
class QTabBar;

namespace nanodit {

class ComparisonPanel;
class PictureTable;
class ValidationLoupe;
class ValueCards;

/// A validation to look at: a tab per test with its numbers as cards and its pictures, worst first by the chosen card;
/// a tab that compares; and one picture large in their place.
class ValidateResults : public QWidget {
    Q_OBJECT

public:
    ValidateResults(Session& session, QWidget* parent = nullptr);

    void show(const ShownValidation& shown);
    void clear();
    const ShownValidation* shown() const { return shown_ ? &*shown_ : nullptr; }
    /// A test of the suite; validationTaskNames.size() is the comparison.
    void showTab(int tab);
    int tab() const;
    /// Opens the picture of a record in the present tab.
    void openRecord(const QString& id);
    /// The cards and the pictures of the present tab as one picture, once they are read, with a sentence about what had
    /// no room in it; a null one where something else is shown by then.
    void makeSheet(const std::function<void(const QImage& sheet, const QString& leftOut)>& then);
    bool settled() const { return queue_.pending() == 0; }

Q_SIGNALS:
    void attentionWanted(const QString& record);
    /// A PNG with its settings, painted by this page's checkpoint.
    void sampleWanted(const QString& file);

private:
    QWidget* makeTests();
    void showTask();
    void sortPictures();
    void readPictures(const QString& key);
    void open(int row);
    void readLarge();
    void showMenu(int row, QPoint at);
    const ValidationRow* rowOf(const QString& key) const;
    ValidationTask task() const { return static_cast<ValidationTask>(tab()); }

    Session& session_;
    QTabBar* tabs_;
    QLabel* note_;
    QStackedWidget *views_, *places_; ///< Tests or comparison; either, or the loupe.
    ValueCards* cards_;
    PictureTable* table_;
    ComparisonPanel* comparison_;
    ValidationLoupe* loupe_;
    std::optional<ShownValidation> shown_;
    std::vector<ValidationRow> rows_;
    std::array<std::string, validationTaskNames.size()> sortedBy_; ///< By task.
    int opened_ = -1;
    int sortings_ = 0; ///< So far: rows that were laid out before one of them may be others.
    BackgroundQueue queue_{BackgroundQueue::Order::NewestFirst};
};

} // namespace nanodit
