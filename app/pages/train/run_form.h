#pragma once

#include "app/session.h"
#include "core/runtime/remedy.h"
#include "widgets/late_timer.h"

#include <QWidget>

#include <functional>
#include <optional>

class QComboBox;
class QLabel;
class QLineEdit;

namespace nanodit {

class ConfigForm;
class Dialogs;
class FittedComboBox;

/// Which run: a new one, with its name and the configuration that it starts from, or a past one to look at or to
/// continue.
class RunForm : public QWidget {
    Q_OBJECT

public:
    RunForm(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);

    /// The configuration as the form has it. Empty while it is read, and while it cannot be used; the form says why.
    std::optional<TrainConfig> config() const;
    /// What was chosen last is still being read, in the background.
    bool reading() const;
    QString runName() const;
    /// The past run that is chosen, or null for a new one.
    const RunInfo* pastRun() const;
    void choosePastRun(const QString& name);
    /// A new run with the settings of a past one; also from its newest weights.
    void newRunLike(const QString& name, bool fromItsWeights);
    /// A new run that waited and begins now.
    void showQueued(const TrainConfig& config, const QString& name);
    /// The run that was trained here: shown as chosen once it is listed, without reading it again.
    void follow(const QString& name);
    void chooseNewRun();
    /// How the chosen run can go on; empty for a new run. While it is being read, that it can be resumed.
    std::optional<Continuation> continuation() const;
    /// So many steps more than it has done are planned then.
    void planMoreSteps();
    std::int64_t moreSteps() const; ///< As many as it was planned for.
    /// As if the user had set it.
    void setSetting(const std::string& key, const std::string& value);
    void setReadOnly(bool readOnly);

Q_SIGNALS:
    void changed();
    void pastRunChosen(const nanodit::RunInfo& run);
    void newRunChosen();
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void listRuns();
    void listConfigurations();
    void readRun(const RunInfo& run);
    void askContinuation(const RunInfo& run);
    void offerInterrupted();
    void loadConfiguration(const std::filesystem::path& file);
    void forgetReading();
    void setUsable();
    void showConfig(const TrainConfig& config);
    void showRunNote();
    void runPicked();
    void configurationPicked(int index);
    TrainConfig formConfig() const;
    void validate();

    Session& session_;
    Dialogs& dialogs_;
    FittedComboBox* runs_;
    QLabel* runNote_;
    QWidget* newRun_;
    QLineEdit* name_;
    QComboBox* configurations_;
    ConfigForm* form_;
    int configuration_ = -1; ///< Of the list, that was read last; -1: none.
    TrainConfig loaded_;
    std::optional<Continuation> allowed_; ///< By the files of the past run, if steps are left; empty: not known yet.
    bool valid_ = false, readOnly_ = false, loading_ = false;
    int asked_ = 0;                      ///< Configurations so far: an answer to an older question is void.
    std::function<void()> afterReading_; ///< Once, unless something else is chosen before.
    LateTimer late_;                     ///< A form that is soon another one is not greyed for a moment.
    QString following_;                  ///< To be chosen once it is listed.
    bool lookForInterrupted_ = false;    ///< A workspace was opened: what was broken off is offered first.
};

} // namespace nanodit
