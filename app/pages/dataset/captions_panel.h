#pragma once

#include "app/background_queue.h"
#include "app/session.h"
#include "core/front/curation.h"

#include <QTimer>
#include <QWidget>

#include <functional>

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QTreeWidget;

namespace nanodit {

class FittedColumns;

/// Many captions changed at once: text replaced, put before and behind them, taken from file names; and how often each
/// tag stands in them. What would change is shown while it is typed, and is what the button changes.
class CaptionsPanel : public QWidget {
    Q_OBJECT

public:
    /// Whose captions.
    enum class Scope { Selected, Listed };
    /// Which records are selected, or listed, and how many: asked on the home thread, the number at every key.
    struct Records {
        std::function<QStringList(Scope)> ids;
        std::function<qsizetype(Scope)> count;
    };
    CaptionsPanel(Session& session, Records records, QWidget* parent);

    /// To the field of the text to find; of several selected records where there are, else of those listed.
    void begin();
    /// Other records are selected, listed or changed: looks again, where it is seen.
    void refresh();
    /// The preview is that of what was typed.
    bool idle() const { return !soon_.isActive() && queue_.pending() == 0; }

Q_SIGNALS:
    /// Change the captions of these records, which are those that the preview shows.
    void editWanted(const nanodit::CaptionEdit& edit, const QStringList& ids);
    void recordChosen(const QString& id);
    void failed(const QString& what, const nanodit::Notice& why);

protected:
    void showEvent(QShowEvent* event) override;

private:
    struct Preview {
        CaptionEdit edit;
        std::vector<CaptionChange> changes;
        std::vector<std::pair<std::string, std::int64_t>> tags;
    };
    static Preview look(const RecordsValue& records, const QStringList& ids, CaptionEdit edit);
    QLineEdit* addField(QGridLayout* grid, int row, int column, const char* name, const QString& label,
                        const QString& example);
    QWidget* makeForm();
    QTreeWidget* makeList(const char* name, const QString& accessible, const QStringList& headers);
    CaptionEdit edit() const;
    Scope scope() const;
    void chooseScope();
    void nameScopes();
    void ask();
    void show(Preview preview);
    void showTags();

    Session& session_;
    Records records_;
    QComboBox* scope_;
    QLineEdit *find_ = nullptr, *replacement_ = nullptr, *before_ = nullptr, *after_ = nullptr;
    QCheckBox* fromName_;
    QPushButton* change_;
    QLabel* sentence_;
    QTreeWidget *changes_, *tags_;
    FittedColumns *changeColumns_, *tagColumns_;
    Preview shown_;
    QTimer soon_; ///< Until nothing more is typed.
    int asked_ = 0;
    BackgroundQueue queue_{BackgroundQueue::Order::NewestFirst};
};

} // namespace nanodit
