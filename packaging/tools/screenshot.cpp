#include "packaging/tools/screenshot.h"

#include "app/main_window.h"
#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/report_drawer.h"
#include "app/pages/train/train_page.h"
#include "app/pages/validate/validate_page.h"
#include "app/pages/validate/validate_results.h"

#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QCursor>
#include <QElapsedTimer>
#include <QPixmap>
#include <QTabWidget>
#include <QTimer>

#include <chrono>
#include <cstdio>
#include <utility>

namespace nanodit {

using namespace std::chrono_literals;

namespace {

constexpr auto pollInterval = 100ms;
constexpr auto quietTime = 500ms; ///< Settled for this long: plots and thumbnails have been drawn too.
constexpr auto patience = 60s;

class Screenshot : public QObject {
public:
    Screenshot(MainWindow& window, ScreenshotRequest request)
        : QObject(&window)
        , window_(window)
        , request_(std::move(request))
    {
        waited_.start();
        settledFor_.start();
        connect(&timer_, &QTimer::timeout, this, &Screenshot::poll);
        timer_.start(pollInterval);
    }

private:
    void poll()
    {
        if (waited_.elapsed() > patience.count() * 1000)
            return finish(1, "nothing had loaded after a minute");
        if (request_.page && !window_.settled()) {
            settledFor_.restart();
            return;
        }
        if (request_.page && !std::exchange(pageShown_, true)) {
            window_.showPage(*request_.page);
            if (*request_.page == Page::Validate)
                return showValidation();
            if (!request_.run.isEmpty())
                window_.trainPage()->showRun(request_.run);
            if (*request_.page == Page::Train)
                window_.trainPage()->findChild<QTabWidget*>(QStringLiteral("trainTabs"))->setCurrentIndex(request_.tab);
            showDataset();
            if (!request_.record.isEmpty() && *request_.page == Page::Attention)
                window_.attentionPage()->showRecord(request_.record);
            window_.attentionPage()->showView(static_cast<AttentionPage::View>(request_.view));
            settledFor_.restart();
            return;
        }
        if (settledFor_.elapsed() < quietTime.count())
            return;
        if (request_.page == Page::Validate && !request_.record.isEmpty() && !std::exchange(recordShown_, true)) {
            window_.validatePage()->results()->openRecord(request_.record);
            settledFor_.restart();
            return;
        }
        if (request_.page == Page::Dataset && !std::exchange(layersShown_, true)) {
            if (!switchLayers())
                return;
            settledFor_.restart();
            return;
        }
        if (request_.point)
            window_.datasetPage()->loupe()->pointAt(*request_.point);
        const bool saved = window_.grab().save(request_.file, "PNG");
        finish(saved ? 0 : 1, "the picture could not be written: is the folder there, and writable?");
    }

    void showDataset()
    {
        auto* const page = window_.datasetPage();
        auto* const loupe = page->loupe();
        if (!request_.kept.isEmpty()) {
            page->chooseRecord(request_.kept);
            loupe->keepRecord();
        }
        if (!request_.record.isEmpty())
            page->chooseRecord(request_.record);
        page->browser()->setQuery(request_.query);
        page->browser()->setView(request_.table ? RecordBrowser::View::Table : RecordBrowser::View::Grid);
        const auto lens = lenses.at(static_cast<std::size_t>(request_.lens));
        if (request_.kept.isEmpty())
            loupe->setComparing(request_.compare);
        else
            loupe->left()->setLens(lens);
        (loupe->comparing() ? loupe->right() : loupe->left())->setLens(lens);
        window_.findChild<QComboBox*>(QStringLiteral("colourScope"))->setCurrentIndex(request_.colours);
        window_.findChild<QCheckBox*>(QStringLiteral("withoutPlace"))->setChecked(request_.withoutPlace);
        if (request_.drawer)
            page->drawer()->open(*request_.drawer);
    }

    /// When the picture's layers are there; false, and the end, where one of the names is none of theirs.
    bool switchLayers()
    {
        auto* const loupe = window_.datasetPage()->loupe();
        for (const auto& [name, opacity] : request_.layers) {
            if (!(loupe->comparing() ? loupe->right() : loupe->left())->switchLayer(name, opacity)) {
                finish(1, qPrintable(QStringLiteral("the picture has no layer \"%1\"").arg(name)));
                return false;
            }
        }
        return true;
    }

    void showValidation()
    {
        auto* const page = window_.validatePage();
        page->choose(request_.run, request_.against);
        page->results()->showTab(request_.tab);
        settledFor_.restart();
    }

    void finish(int code, const char* sentence)
    {
        timer_.stop();
        if (code != 0)
            std::fprintf(stderr, "nanodit-screenshots: %s: %s\n", qPrintable(request_.file), sentence);
        QCoreApplication::exit(code);
    }

    MainWindow& window_;
    ScreenshotRequest request_;
    QTimer timer_;
    QElapsedTimer waited_, settledFor_;
    bool pageShown_ = false, recordShown_ = false, layersShown_ = false;
};

} // namespace

void takeScreenshot(MainWindow& window, const ScreenshotRequest& request)
{
    window.resize(request.size);
    QCursor::setPos(request.size.width() - 1, request.size.height() - 1); // nothing is hovered
    window.show();
    new Screenshot(window, request);
}

} // namespace nanodit
