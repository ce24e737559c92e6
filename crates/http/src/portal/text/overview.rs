//! The overview.

use super::texts;

texts!(
    /// The overview.
    Overview {
        title: "Overview", "نظرة عامة";
        span: "Days", "الأيام";
        days_7: "7 days", "7 أيام";
        days_30: "30 days", "30 يومًا";
        days_90: "90 days", "90 يومًا";
        currency: "Currency", "العملة";
        told: "From {from} to {to}, by UTC, today included. What happened within the last minute may be missing.",
            "من {from} إلى {to} بتوقيت UTC، واليوم مشمول. قد لا يظهر ما حدث خلال الدقيقة الأخيرة.";
        not_whole: "There is more than is read for one page: the oldest days lack some.",
            "البيانات أكثر مما يُقرأ لصفحة واحدة: تنقص بعض أقدم الأيام.";
        nothing: "Nothing happened in these days.", "لم يحدث شيء في هذه الأيام.";
        totals: "All days together", "كل الأيام معًا";
        captured: "Captured", "المحصّل";
        refunded: "Given back", "المردود";
        asked: "Asked for", "المطلوب رده";
        failed: "Failed", "فشل";
        canceled: "Withdrawn", "المسحوب";
        reversed: "Came back", "عاد";
        refund_rate: "Refund rate", "نسبة الرد";
        refund_rate_told: "What was given back, less what came back, of what was captured in the same days.",
            "ما رُدّ ناقصًا ما عاد، من إجمالي ما حُصّل في الأيام نفسها.";
        by_sum: "Refund rate, by sums", "نسبة الرد بالمبالغ";
        by_count: "Refund rate, by number", "نسبة الرد بالعدد";
        success_rate: "Success rate", "نسبة النجاح";
        success_rate_told: "Refunds that succeeded, of those that succeeded or failed.",
            "عمليات الرد الناجحة من مجموع الناجحة والفاشلة.";
        refunds_a_day: "Refunds a day in {currency}", "عمليات الرد يوميًا بعملة {currency}";
        refunds_a_day_told: "Bars: the sum given back each day. The largest was {most}, on {day}.",
            "الأعمدة: المبلغ المردود كل يوم. أكبرها {most} في {day}.";
        rate_a_day: "Refund rate a day in {currency}", "نسبة الرد يوميًا بعملة {currency}";
        rate_a_day_told: "Bars: what was given back of what was captured on the day. The largest was {most}, on {day}.",
            "الأعمدة: نسبة ما رُدّ إلى ما حُصّل في اليوم. أكبرها {most} في {day}.";
        no_bars: "Nothing on any of these days.", "لا شيء في أي من هذه الأيام.";
        channels: "Channels", "القنوات";
        channel: "Channel", "القناة";
        channels_told: "Success rate of each channel, and how long a refund took from being asked for until it succeeded.",
            "نسبة النجاح لكل قناة، والمدة من طلب الرد حتى نجاحه.";
        half: "Half within", "نصفها خلال";
        most: "95 of 100 within", "95 من كل 100 خلال";
        success_by_channel: "Success rate by channel in {currency}", "نسبة النجاح حسب القناة بعملة {currency}";
        success_by_channel_told: "Bars: {channels}.", "الأعمدة: {channels}.";
        day: "Day", "اليوم";
        by_day: "Each day", "كل يوم";
        numbers: "The numbers", "الأرقام";
        longer: "longer than 30 days", "أكثر من 30 يومًا";
        seconds: "{n} s", "{n} ث";
        minutes: "{n} min", "{n} د";
        hours: "{n} h", "{n} س";
        whole_days: "{n} d", "{n} يوم";
        none: "-", "لا شيء";
    }
);
