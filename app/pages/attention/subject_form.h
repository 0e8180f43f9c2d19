#pragma once

#include "core/front/attention.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/runtime/remedy.h"

#include <QTimer>
#include <QWidget>

#include <map>
#include <vector>

class QCheckBox;
class QComboBox;
class QSlider;
class QSpinBox;

namespace nanodit {

class Dialogs;
class FittedComboBox;
class RecordNames;
class SeedEdit;
class Session;
class Training;

/// What is looked at, and how: checkpoint, record or painted picture, conditions, seed; block and head, what lies over
/// the pictures.
class SubjectForm : public QWidget {
    Q_OBJECT

public:
    SubjectForm(Session& session, const Training& training, Dialogs& dialogs, QWidget* parent = nullptr);

    bool hasCheckpoints() const;
    /// The chosen one; the newest of the run while it is followed. Empty where there is none.
    std::filesystem::path checkpoint() const;
    /// All of the run that the chosen one is of, oldest first.
    std::vector<std::filesystem::path> checkpointsOfRun() const;
    /// Without time and edits; an empty record and no sample: there is nothing to look at.
    AttentionSubject subject() const;
    bool hasSubject() const;
    QString subjectName() const;
    void chooseRecord(const QString& id);
    /// A PNG that was painted here and carries its settings, with the model that painted it, where that is still there.
    /// The picture is read in the background; what the form says of it afterwards does not need the file any more.
    void openPainted(const QString& file);
    void followNewest();

    AttentionPart part() const;
    void setPart(const AttentionPart& part);
    void setLimits(std::int64_t blocks, std::int64_t heads);
    /// The next block or head; behind the last comes the mean.
    void stepBlock(int by);
    void stepHead(int by);
    AttentionMeasure measure() const;
    void toggleMeasure();
    bool followsMouse() const;
    bool showsSelf() const;
    void setShowsSelf(bool shown);
    double opacity() const;

Q_SIGNALS:
    void checkpointsListed();
    void subjectChanged(); ///< Another checkpoint, record, sample, seed or other conditions.
    void recordChanged();  ///< Before subjectChanged: edits are of another picture.
    void partChanged();
    void measureChanged();
    void selfChanged();
    void opacityChanged();
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void makeLists();
    void makeView();
    void listCheckpoints();
    void offerWeights();
    void listRecords();
    void choosePainted();
    void chooseCheckpoint(const std::filesystem::path& checkpoint); ///< Without a signal.
    void showPainted(const QString& file);

    Session& session_;
    const Training& training_;
    Dialogs& dialogs_;
    FittedComboBox *checkpoints_, *records_;
    QComboBox *conditions_, *measure_;
    class WeightsChoice* weights_;
    RecordNames* names_;
    std::map<QString, SampleRequest> painted_; ///< Settings of opened pictures, by file.
    SeedEdit* seed_;
    QSpinBox *block_, *head_;
    QCheckBox *hover_, *self_;
    QSlider* opacity_;
    QTimer follow_; ///< While a training runs and its newest checkpoint is looked at.
    std::filesystem::path shown_;
};

} // namespace nanodit
