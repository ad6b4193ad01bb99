-- One database per service. Run once, by the first start of the postgres container.
CREATE DATABASE registry;
CREATE DATABASE issuance;
CREATE DATABASE trading;
CREATE DATABASE points;
CREATE DATABASE gateway;
