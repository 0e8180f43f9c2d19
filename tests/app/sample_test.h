#pragma once

#include "app/pages/sample/history_panel.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "tests/app/window_test.h"

#include <QPushButton>
#include <QSpinBox>

namespace nanodit::test {

/// What tests of the Sample page start from.
class SampleTest : public WindowTest {
protected:
    /// The page on a demo of so many scenes, with two steps a picture.
    void openSamplePage(int scenes)
    {
        const auto failure = makeDemo(scenes);
        QVERIFY2(failure.isEmpty(), qPrintable(failure));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        window_->showPage(Page::Sample);
        find<QSpinBox>("steps")->setValue(2);
        settle();
    }

    SamplePage* page() const { return window_->findChild<SamplePage*>(); }
    HistoryPanel* history() const { return window_->findChild<HistoryPanel*>(); }
    /// By the button.
    SampledPicture generate()
    {
        QSignalSpy finished(&sampling(), &Sampling::finished), failed(&sampling(), &Sampling::failed);
        find<QPushButton>("generate")->click();
        if (!QTest::qWaitFor([&] { return finished.count() + failed.count() > 0; }, minute) || finished.isEmpty()) {
            qWarning("%s", failed.isEmpty() ? "no picture" : qPrintable(noticeText(failed[0][0].value<Notice>())));
            return {};
        }
        settle();
        return finished[0][0].value<SampledPicture>();
    }
    template<typename Widget>
    Widget* find(const char* name) const
    {
        return window_->findChild<SamplePage*>()->findChild<Widget*>(QLatin1String(name));
    }
    SampleForm* form() const { return window_->findChild<SampleForm*>(); }
    Sampling& sampling() const { return controllers_->sampling; }
    void settle() const
    {
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<SamplePage*>()->settled() && session_->idle(), minute);
    }
};

} // namespace nanodit::test
