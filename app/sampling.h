#pragma once

#include "core/front/sampling.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QImage>
#include <QObject>
#include <QSize>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace nanodit {

class JobRunner;
class Session;

/// A finished picture: what it shows, and the PNG that holds it together with its settings.
struct SampledPicture {
    QImage picture; ///< In full where it was just painted, reduced where it is of the history.
    QSize size;     ///< In full.
    QString file;
    QString caption;                      ///< Its settings in one line.
    QString model;                        ///< "demo-run, step 2000, EMA, 9.0 M parameters"; empty: not known.
    std::optional<SampleRequest> request; ///< Empty when the PNG carries no settings of ours.
};

/// What a PNG says of how it was painted, and the checkpoint that painted it.
struct PaintedPicture {
    std::optional<SampleRequest> request;
    std::optional<PaintedBy> model;                  ///< Empty: it does not say.
    std::optional<std::filesystem::path> checkpoint; ///< Empty: it is not there any more.
};
/// Reads weights, to find those that painted it. Background. Throws DataError.
PaintedPicture readPainted(const std::filesystem::path& file, const std::vector<RunInfo>& runs);

/// Paints one picture at a time. The opened checkpoint is kept, so that the next picture of it begins at once. Every
/// finished picture is kept as a PNG with its settings in the workspace's folder samples/.
class Sampling : public QObject {
    Q_OBJECT

public:
    explicit Sampling(Session& session);

    void generate(const SampleRequest& request, const std::filesystem::path& checkpoint);
    void cancel();
    bool active() const { return runner_ != nullptr; }
    JobRunner* runner() const { return runner_; }

    /// Reads the pictures that were made in this workspace before, newest first, the newest fifty.
    void readHistory();
    /// Moves a picture to the desktop's trash: `discarded` or `discardFailed` follows.
    void discard(const QString& file);
    /// Out of the trash again: `broughtBack` or `discardFailed` follows.
    void bringBack(const QString& file, const QString& inTrash);

Q_SIGNALS:
    void stateChanged();
    void progressed(const nanodit::Progress& progress);
    void previewed(const QImage& picture, qint64 step, qint64 steps);
    void finished(const nanodit::SampledPicture& picture, double seconds);
    /// With a picture whose encoders are not those of the model's training data.
    void warned(const QString& sentences);
    void cancelled();
    void failed(const nanodit::Notice& why);
    void opened(const QString& description);
    void historyRead(const std::vector<nanodit::SampledPicture>& pictures);
    void discarded(const QString& file, const QString& inTrash);
    void broughtBack(const QString& file);
    void discardFailed(const QString& what, const nanodit::Notice& why);

private:
    /// The checkpoint that is loaded. Only the job's thread touches it while one runs.
    struct Loaded {
        std::filesystem::path checkpoint;
        std::filesystem::path workspace;
        ComputeChoice device;
        std::shared_ptr<SamplingSession> session;
    };

    Session& session_;
    JobRunner* runner_ = nullptr; ///< Owned by the session; null while idle.
    std::shared_ptr<Loaded> loaded_ = std::make_shared<Loaded>();
};

/// "a red circle… · text 2.00 · DINO 2.00 · 30 steps · seed 7"
QString settingsLine(const SampleRequest& request);

} // namespace nanodit
