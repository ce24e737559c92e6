// stripe-stateful-mock on loopback alone: its own command binds all interfaces.
//
//     stripe_mock.js PORT
"use strict";
require("stripe-stateful-mock").createExpressApp().listen(Number(process.argv[2]), "127.0.0.1");
