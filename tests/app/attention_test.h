#pragma once

#include "app/controllers.h"
#include "app/pages/attention/attention_page.h"
#include "app/session.h"
#include "core/config/workspace_config.h"
#include "core/front/demo.h"
#include "core/front/training.h"
#include "core/model/nanodit.h"
#include "core/runs/checkpoint.h"
#include "core/sample/stored_model.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"
#include "widgets/attention_map.h"
#include "widgets/matrix_view.h"
#include "widgets/theme.h"
#include "widgets/word_strip.h"

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QStandardPaths>
#include <QTest>

#include <memory>
#include <numeric>

namespace nanodit::test {

/// What tests of the attention page start from: the page on a demo with the reference model and a second run, "plain",
/// of random weights without patches.
class AttentionTest : public QObject {
protected:
    static constexpr int minute = 60000, scenes = 20;
    static constexpr auto square = "scene-000005", otherSquare = "scene-000006"; ///< 8 x 8 latent tokens and patches

    void openPage()
    {
        QStandardPaths::setTestModeEnabled(true);
        theme_ = std::make_unique<Theme>(*qApp);
        if (qEnvironmentVariableIsSet("NANODIT_TEST_LIGHT"))
            theme_->setMode(ThemeMode::Light);
        makeDemoJob({.folder = folder_ / "demo", .scenes = scenes})->run({});
        const auto workspace = Workspace::open(folder_ / "demo");
        const auto run = listRuns(workspace).at(0);
        reference_ = run.checkpoints.at(0);
        // A second run: the same shape without patches, of random weights, in two steps.
        auto state = StoredModel::read(reference_).state;
        state.run = "plain";
        state.config.model.useDinoPatches = false;
        for (const std::int64_t step : {5, 9}) {
            const NanoDiT model(state.config.model);
            randomise(model.parameters(), static_cast<std::uint64_t>(step));
            const auto weights = stateOf(model.parameters());
            state.step = step;
            plain_ = writeCheckpoint(workspace.runsFolder() / "plain", state,
                                     {.model = weights, .ema = weights, .optimiser = weights});
        }
        session_ = std::make_unique<Session>();
        controllers_ = std::make_unique<Controllers>(*session_);
        page_ = std::make_unique<AttentionPage>(*session_, controllers_->looking, controllers_->comparison,
                                                controllers_->training, dialogs_);
        page_->resize(qEnvironmentVariableIsSet("NANODIT_TEST_LARGE") ? QSize(1848, 1048) : QSize(1208, 768));
        page_->show();
        QVERIFY(QTest::qWaitForWindowExposed(page_.get(), minute));
        session_->openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        auto* const checkpoints = find<QComboBox>("attentionCheckpoints");
        QVERIFY(checkpoints->itemText(0).contains("plain")); // the newest
        checkpoints->setCurrentIndex(checkpoints->findData(QString::fromStdString(reference_.string())));
        settle();
        page_->showRecord(square);
        settle();
        QVERIFY(!patches()->values().empty());
        QCOMPARE(words()->words().mid(0, 3),
                 QString::fromStdString(session_->record(square)->caption).split(' ').mid(0, 3));
    }
    void closePage()
    {
        page_.reset();
        controllers_.reset();
        session_.reset();
    }

    static double sum(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }
    template<typename Widget>
    Widget* find(const char* name) const
    {
        auto* const found = page_->findChild<Widget*>(QString::fromLatin1(name));
        if (found == nullptr)
            qFatal("there is no %s", name);
        return found;
    }
    AttentionMap* picture() const { return find<AttentionMap>("attentionPicture"); }
    AttentionMap* patches() const { return find<AttentionMap>("attentionPatches"); }
    WordStrip* words() const { return find<WordStrip>("attentionWords"); }
    QSlider* time() const { return find<QSlider>("attentionTime"); }
    MatrixView* course(int index) const
    {
        return page_->findChild<MatrixView*>(QStringLiteral("attentionCourse%1").arg(index));
    }
    QString readout() const { return find<QLabel>("attentionReadout")->text(); }

    QMenu* menuOf(const char* button) const { return find<QPushButton>(button)->menu(); }

    /// Whatever was asked has been answered.
    void settle() const
    {
        QTRY_VERIFY_WITH_TIMEOUT(page_->settled() && session_->idle(), minute);
        QCoreApplication::processEvents();
    }
    void click(QWidget* widget, const QRectF& box) const
    {
        QTest::mouseClick(widget, Qt::LeftButton, {}, box.center().toPoint());
        settle();
    }
    void drag(QWidget* widget, const QRectF& from, const QRectF& to) const
    {
        QTest::mousePress(widget, Qt::LeftButton, {}, from.center().toPoint());
        QTest::mouseMove(widget, to.center().toPoint());
        QTest::mouseRelease(widget, Qt::LeftButton, {}, to.center().toPoint());
        settle();
    }
    /// For looking at: a picture of the page as it is now, where a folder for them is named.
    void keepPicture(const char* name) const
    {
        const auto folder = qEnvironmentVariable("NANODIT_TEST_PICTURES");
        if (!folder.isEmpty())
            page_->grab().save(QStringLiteral("%1/%2.png").arg(folder, QLatin1String(name)));
    }
    std::filesystem::path exported(const char* entry, const QByteArray& name)
    {
        const auto file = folder_ / name.toStdString();
        dialogs_.nextPath = QString::fromStdString(file.string());
        auto* const menu = menuOf("attentionExport");
        Q_EMIT menu->aboutToShow();
        menu->findChild<QAction*>(QString::fromLatin1(entry))->trigger();
        if (!QTest::qWaitFor([this] { return page_->settled(); }, minute)) // it is written on a thread
            qWarning("%s was not written within a minute", entry);
        return file;
    }

    TemporaryFolder folder_;
    std::filesystem::path reference_, plain_;
    ScriptedDialogs dialogs_;
    std::unique_ptr<Theme> theme_;
    std::unique_ptr<Session> session_;
    std::unique_ptr<Controllers> controllers_;
    std::unique_ptr<AttentionPage> page_;
};

} // namespace nanodit::test
